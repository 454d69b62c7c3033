"""Sessions: opened, refreshed, ended."""
