"""Stays: who has which bed, from the reservation to the end."""
