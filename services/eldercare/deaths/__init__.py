"""Deaths: reports that stop nothing, what a confirmed death ends, and the way back."""
