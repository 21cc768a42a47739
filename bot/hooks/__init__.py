"""Hooks: calls of services to our address, and what is known of them."""
