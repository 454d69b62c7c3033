"""What a confirmed death means for relief, and its withdrawal (domain §10, steps 4, 5, 12 and b)."""
