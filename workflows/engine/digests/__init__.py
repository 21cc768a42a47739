"""Digests: what happened in a window of time, told to a place or a person."""
