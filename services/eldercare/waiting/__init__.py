"""Waiting for a bed: the wish of destitute elders, and one queue by the law's order of priority."""
