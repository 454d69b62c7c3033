"""Visits to families: for now the condolence visit after a death."""
