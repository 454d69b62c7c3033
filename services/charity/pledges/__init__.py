"""Promised gifts to a person. A pledge is not a donation (domain §5)."""
