"""What Slack shows: data in, messages and views out; no client, no store, no clock."""
