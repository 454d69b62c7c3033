"""Applications: one paper of one family, from the counter to a decision that explains itself (R-02).

Not a matter of the one-thing engine: there a task that is done stays done and a milestone is reached once, while an
application goes back (correction, objection, return) and its limits pause with it. What it shares with the engine is
the calendar of working days, timers that fire once, warning and escalation (`limits`).
"""
