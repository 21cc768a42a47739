"""Digests at the edge: who reads them, how they are posted, and what people may ask of them."""
