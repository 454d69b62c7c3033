"""Small checks of our own law, and generators of references."""
