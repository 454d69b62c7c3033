"""Charity's table of contents."""

from datetime import time
from pathlib import Path

from services.charity.deaths import reactions as deaths
from services.charity.pairing import reactions as pairing
from services.charity.pairing.routes import router as pairing_router
from services.charity.people import reactions as people
from services.charity.pledges import reactions as pledges
from services.charity.pledges.routes import router as pledges_router
from services.charity.points import reactions as points
from services.charity.points.heirs import TO_POOL
from services.charity.points.routes import router as points_router
from services.charity.volunteers import reactions as volunteers
from services.charity.volunteers.routes import router as volunteers_router
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import PersonMoved, PersonRegistered
from shared.events import Schedule, on, on_timer
from shared.service import ServiceSpec

SPEC = ServiceSpec(
    name="charity",
    title="善行益民",
    folder=Path(__file__).parent,
    rooms=[pairing_router, pledges_router, volunteers_router, points_router],
    subscriptions=[
        on(PersonRegistered, people.enter_person),
        on(PersonMoved, people.move_person),
        on(PersonMoved, pairing.move_pairings),
        on(PersonMoved, pledges.move_pledges),
        on(PersonMoved, volunteers.move_volunteer),
        on(PersonMoved, points.move_account),
        on(DeathConfirmed, deaths.settle_death),
        on(DeathRevoked, deaths.unsettle_death),
        on_timer(TO_POOL, points.give_to_pool),
    ],
    schedules=[
        Schedule("charity.pairings", pairing.lapse_pairings, at=time(0, 20)),
        Schedule("charity.points", points.expire_points, at=time(0, 30)),
    ],
    sends_notices=True,
)
