"""Delegation: which towns decide which kinds themselves (R-26)."""
