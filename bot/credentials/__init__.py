"""Credentials that are kept sealed in the database: what there is, how it is sealed, checked and put to use."""
