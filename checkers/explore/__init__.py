"""The search in Python, refinement, and which engine answers."""
