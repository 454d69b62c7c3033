"""A service that keeps files in boxes."""
