"""Alerts at the edge: where they go, how they are told, and what people may ask of them."""
