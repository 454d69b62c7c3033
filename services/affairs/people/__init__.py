"""What affairs knows of people: our reference copy of the person files and of who is whose close relative."""
