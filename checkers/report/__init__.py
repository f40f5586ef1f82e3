"""Tables, counterexamples as text, the local table."""
