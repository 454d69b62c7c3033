"""A service that does nothing but write to people."""
