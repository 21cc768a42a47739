"""One move for many dead letters of a group: asked for, confirmed, and carried out one run after another."""
