"""Elders: one row per person of elder age, those who will become one, and their relatives."""
