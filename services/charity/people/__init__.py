"""The people charity deals with: what it needs to know of a person and nothing else."""
