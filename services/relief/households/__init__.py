"""Households: who lives on one purse, from when to when, and on what income."""
