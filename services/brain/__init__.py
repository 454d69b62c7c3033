"""Brain: people, organisation, accounts, and what happened to a person."""
