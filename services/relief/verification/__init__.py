"""Verification of a family's means: one key asks every source; what does not answer is said to be missing, never zero
(R-07, R-24; domain §2.4)."""
