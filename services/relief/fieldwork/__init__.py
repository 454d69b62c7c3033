"""Fieldwork: visits to houses by commissioned third parties, and the town's second look at a share of them (R-07)."""
