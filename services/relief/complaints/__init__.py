"""Complaints about decisions, answered within the limit; those about a town's decision are checked (R-26)."""
