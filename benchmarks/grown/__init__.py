"""An installation that has been used for long: its rows, and what people ask of it."""
