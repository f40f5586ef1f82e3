"""Pictures: ownership, states, counterexamples as lanes."""
