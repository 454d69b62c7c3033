"""Eldercare's table of contents."""

from datetime import time
from pathlib import Path

from services.eldercare.beds.reactions import end_turnover
from services.eldercare.beds.routes import router as beds
from services.eldercare.beds.service import TURNOVER
from services.eldercare.deaths import reactions as death
from services.eldercare.deaths.routes import router as deaths
from services.eldercare.devices import reactions as device
from services.eldercare.devices.routes import router as devices
from services.eldercare.elder_file.routes import router as elder_file
from services.eldercare.elders import jobs as elder_jobs
from services.eldercare.elders import reactions as elder
from services.eldercare.elders.routes import router as elders
from services.eldercare.institutions.routes import router as institutions
from services.eldercare.law import PARAMETERS
from services.eldercare.orders import reactions as order
from services.eldercare.orders.routes import router as orders
from services.eldercare.orders.service import AUTO_CONFIRM
from services.eldercare.scans.routes import router as scans
from services.eldercare.stays import reactions as stay
from services.eldercare.stays.routes import router as stays
from services.eldercare.stays.service import RESERVATION
from services.eldercare.subsidies import jobs as subsidy_jobs
from services.eldercare.subsidies import reactions as subsidy
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.routes import router as subsidies
from services.eldercare.subsidies.rules import BOOK
from services.eldercare.waiting import reactions as queue
from services.eldercare.waiting.routes import router as waiting
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import KinshipChanged, PersonMoved, PersonRegistered, PersonUpdated
from shared.events import Schedule, on, on_timer
from shared.service import ServiceSpec
from shared.web.payments import payments_router
from shared.web.policy import policy_router

SPEC = ServiceSpec(
    name="eldercare",
    title="幸福惠民（养老服务）",
    folder=Path(__file__).parent,
    rooms=[
        elders,
        elder_file,
        institutions,
        beds,
        scans,
        waiting,
        stays,
        subsidies,
        devices,
        orders,
        deaths,
        payments_router("eldercare", PAYMENTS),
        policy_router("eldercare", PARAMETERS, BOOK),
    ],
    subscriptions=[
        on(PersonRegistered, elder.enter_person),
        on(PersonUpdated, elder.refresh_person),
        on(PersonMoved, elder.move_person),
        on(PersonMoved, queue.follow_person),
        on(PersonMoved, stay.follow_person),
        on(PersonMoved, subsidy.follow_person),
        on(PersonMoved, device.follow_person),
        on(PersonMoved, order.follow_person),
        on(KinshipChanged, elder.change_relatives),
        on(DeathConfirmed, death.end_for_death),
        on(DeathRevoked, death.restore_after_revocation),
        on_timer(TURNOVER, end_turnover),
        on_timer(RESERVATION, stay.lapse_reservation),
        on_timer(AUTO_CONFIRM, order.confirm_silently),
    ],
    schedules=[
        Schedule("eldercare.birthdays", elder_jobs.welcome_new_elders, at=time(0, 10)),
        Schedule("eldercare.subsidies.propose", subsidy_jobs.propose, at=time(0, 30), day=1),
        # A missed month needs no batch of its own: the next one pays it as arrears.
        Schedule("eldercare.subsidies.run", subsidy_jobs.run, at=time(1, 0), day=20),
    ],
)
