"""Brings Slack to what the rows say: one writer per message, at a pace that Slack bears."""
