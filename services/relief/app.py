"""Relief's table of contents."""

from pathlib import Path

from services.relief.benefits.rates import PAYMENTS
from services.relief.deaths.reactions import settle_death, unsettle_death
from services.relief.law import BOOK, PARAMETERS
from services.relief.rechecks.reactions import notice_overdue
from services.relief.rechecks.service import OVERDUE
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.events import on, on_timer
from shared.service import ServiceSpec
from shared.web.payments import payments_router
from shared.web.policy import policy_router

SPEC = ServiceSpec(
    name="relief",
    title="精准助民（社会救助）",
    folder=Path(__file__).parent,
    rooms=[payments_router("relief", PAYMENTS), policy_router("relief", PARAMETERS, BOOK)],
    subscriptions=[
        on(DeathConfirmed, settle_death),
        on(DeathRevoked, unsettle_death),
        on_timer(OVERDUE, notice_overdue),
    ],
)
