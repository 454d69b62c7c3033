"""The person file."""
