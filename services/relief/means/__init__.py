"""Means: what of a family's income counts, and whether what it owns lies within the limits (§2.3)."""
