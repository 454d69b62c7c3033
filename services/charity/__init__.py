"""Charity: who stands by whom, and the points people earn by doing good."""
