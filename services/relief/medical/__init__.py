"""Medical costs: what four layers of insurance and relief pay of a bill, and whose own burden grows too heavy (R-06,
R-23)."""
