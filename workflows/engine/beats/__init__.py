"""Baton's own parts: each writes now and then that it lives, and from that the others know who died."""
