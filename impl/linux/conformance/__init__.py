"""Events to verdicts: a recording against the rules."""
