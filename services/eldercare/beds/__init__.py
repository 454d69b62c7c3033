"""Beds: kind, price class, state, code; the figures of the plan's bed indicators."""
