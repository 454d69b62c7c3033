"""Accounts, sign-in, second factor."""
