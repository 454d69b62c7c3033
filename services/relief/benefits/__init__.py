"""Benefits: who is recognised as 低保, 特困 or 低边, what each family is due in a month, and why."""
