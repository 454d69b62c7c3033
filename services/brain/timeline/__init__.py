"""A person's course as a projection of everyone's events."""
