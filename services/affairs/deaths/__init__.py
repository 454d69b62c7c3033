"""Deaths: reports, evidence, the confirmation, and the way back."""
