"""Close relatives."""
