"""The workflows of the chaos runs; workers load this folder."""
