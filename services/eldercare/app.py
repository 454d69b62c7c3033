"""Eldercare's table of contents."""

from datetime import time
from pathlib import Path

from services.eldercare.beds.reactions import end_turnover
from services.eldercare.beds.routes import router as beds
from services.eldercare.beds.service import TURNOVER
from services.eldercare.deaths.routes import router as deaths
from services.eldercare.elders import jobs as elder_jobs
from services.eldercare.elders import reactions as elder_file
from services.eldercare.elders.routes import router as elders
from services.eldercare.institutions.routes import router as institutions
from services.eldercare.stays import reactions as stay
from services.eldercare.stays.routes import router as stays
from services.eldercare.stays.service import RESERVATION
from services.eldercare.waiting import reactions as queue
from services.eldercare.waiting.routes import router as waiting
from shared.contracts.brain import KinshipChanged, PersonMoved, PersonRegistered, PersonUpdated
from shared.events import Schedule, on, on_timer
from shared.service import ServiceSpec

SPEC = ServiceSpec(
    name="eldercare",
    title="幸福惠民（养老服务）",
    folder=Path(__file__).parent,
    rooms=[elders, institutions, beds, waiting, stays, deaths],
    subscriptions=[
        on(PersonRegistered, elder_file.enter_person),
        on(PersonUpdated, elder_file.refresh_person),
        on(PersonMoved, elder_file.move_person),
        on(PersonMoved, queue.follow_person),
        on(PersonMoved, stay.follow_person),
        on(KinshipChanged, elder_file.change_relatives),
        on_timer(TURNOVER, end_turnover),
        on_timer(RESERVATION, stay.lapse_reservation),
    ],
    schedules=[Schedule("eldercare.birthdays", elder_jobs.welcome_new_elders, at=time(0, 10))],
)
