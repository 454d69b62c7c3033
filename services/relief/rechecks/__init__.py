"""Re-checks: a family is looked at again after a death, within the limit, and its income recorded anew."""
