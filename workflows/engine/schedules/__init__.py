"""Schedules: cron rules with a time zone that start runs."""
