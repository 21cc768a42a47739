"""What all kinds of added services share: their rules in TOML, and how they know us."""
