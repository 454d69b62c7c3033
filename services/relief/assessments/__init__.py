"""Assessments: which kind of help a family qualifies for, and why, from facts told on the spot (R-02)."""
