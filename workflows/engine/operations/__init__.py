"""One durable verb per file."""
