"""Spot checks of what towns have decided, and what errors do to the delegation (R-26)."""
