"""Home-care orders in their simplest form: from the wish to the settled service."""
