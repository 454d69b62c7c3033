"""Temporary relief: hours, not weeks, where life does not wait; and a town's reserve that answers for every fen (R-04,
R-05; domain §2.7)."""
