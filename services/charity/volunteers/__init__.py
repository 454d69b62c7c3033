"""Volunteer accounts: who may be asked to help."""
