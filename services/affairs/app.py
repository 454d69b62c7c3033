"""Affairs' table of contents."""

from datetime import time
from pathlib import Path

from services.affairs.deaths import reactions as deaths
from services.affairs.deaths.routes import router as death_routes
from services.affairs.desk import prepare
from services.affairs.matters import reactions as matters
from services.affairs.matters.jobs import refresh_provisional_dues
from services.affairs.matters.routes import router as matter_routes
from services.affairs.matters.service import ONE_THING
from services.affairs.people import reactions as people
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import KinshipChanged, PersonMerged, PersonMoved, PersonRegistered, PersonUpdated
from shared.contracts.eldercare import ElderDeathReported
from shared.events import Schedule, on
from shared.service import ServiceSpec

SPEC = ServiceSpec(
    name="affairs",
    title="暖心为民（身后一件事）",
    folder=Path(__file__).parent,
    rooms=[death_routes, matter_routes],
    subscriptions=[
        on(PersonRegistered, people.enter_person),
        on(PersonUpdated, people.refresh_person),
        on(PersonMoved, people.move_person),
        on(PersonMerged, people.merge_person),
        on(KinshipChanged, people.change_kin),
        on(ElderDeathReported, deaths.open_or_join),
        on(DeathConfirmed, deaths.tell_family),
        on(DeathRevoked, deaths.apologise),
        *matters.subscriptions(),
    ],
    schedules=[Schedule("affairs.provisional-dues", refresh_provisional_dues, at=time(2, 40))],
    takes_id_numbers=True,
    checks=[ONE_THING.check_pinned],
    calls_outside=True,
    sends_notices=True,
    prepare=prepare,
)
