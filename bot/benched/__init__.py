"""The folder of workflows that `baton bench` adds to the catalogue of its own worker."""
