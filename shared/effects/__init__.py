"""Effects: a reaction writes consequences, not overwrites, so that a mistake can be undone exactly (design §6).

"Running", "ends on" and "frozen" are computed from base facts plus live effects; withdrawing the cause annuls its
effects. Where a scalar must change it is restored only if nobody changed it since; otherwise a human decides.
"""

from shared.effects.service import Annulled, ScalarConflict, annul, change, is_annulled, live, record

__all__ = ["Annulled", "ScalarConflict", "annul", "change", "is_annulled", "live", "record"]
