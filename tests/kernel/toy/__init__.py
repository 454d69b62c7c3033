"""A service as small as one can be: it proves that the kernel gives all the rest."""
