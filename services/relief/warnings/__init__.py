"""Four-colour warnings: facts about families, the level they add up to, and what is done about it (R-22)."""
