"""What charity does when someone died, and when she did not (domain §10 step 7, d)."""
