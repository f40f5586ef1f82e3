"""Real things, and what ties them to the spec."""
