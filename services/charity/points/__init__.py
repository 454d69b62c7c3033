"""Charity points: earned by verified hours and gifts, spent on goods, services and projects (C-05).

A ledger of double entry: every line moves points from one account to another, so the sum over all accounts is zero
by the shape of the row. One side is always one person's account: points cannot pass between persons.
"""
