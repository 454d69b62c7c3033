"""Two filings of every family: kinship with relief staff or village cadres, and cards kept by others (R-28)."""
