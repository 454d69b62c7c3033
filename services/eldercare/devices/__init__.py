"""Devices lent to elders: one-key phones, watches, wall buttons; issue and retrieval."""
