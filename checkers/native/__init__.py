"""The explorer in C: generated from the lifted paths, compiled once, exact."""
