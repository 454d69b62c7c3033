"""Brain's table of contents: who people, units and accounts are, and what happened to a person."""

from datetime import time
from pathlib import Path

from services.brain.accounts.jobs import tidy_attempts
from services.brain.accounts.routes import router as accounts
from services.brain.accounts.sign_in_routes import router as sign_in
from services.brain.areas.routes import router as areas
from services.brain.consents.routes import router as consents
from services.brain.deaths.reactions import settle_death, unsettle_death
from services.brain.desk import prepare
from services.brain.kinship.reactions import follow_move
from services.brain.kinship.routes import router as kinship
from services.brain.organisation.posts import POST_BEGINS
from services.brain.organisation.reactions import end_sessions_of_former_post
from services.brain.organisation.routes import router as organisation
from services.brain.people.routes import router as people
from services.brain.sessions.jobs import tidy_sessions
from services.brain.sessions.routes import router as sessions
from services.brain.timeline.reactions import subscriptions as timeline_subscriptions
from services.brain.timeline.routes import router as timeline
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import PersonMoved
from shared.events import Schedule, on, on_timer
from shared.service import ServiceSpec

SPEC = ServiceSpec(
    name="brain",
    title="数智大脑",
    folder=Path(__file__).parent,
    rooms=[areas, organisation, sign_in, accounts, sessions, people, kinship, consents, timeline],
    subscriptions=[
        on(DeathConfirmed, settle_death),
        on(DeathRevoked, unsettle_death),
        on(PersonMoved, follow_move),
        on_timer(POST_BEGINS, end_sessions_of_former_post),
        *timeline_subscriptions(),
    ],
    schedules=[
        Schedule("brain.tidy-sessions", tidy_sessions, at=time(3, 10)),
        Schedule("brain.tidy-attempts", tidy_attempts, at=time(3, 20)),
    ],
    takes_id_numbers=True,
    signs_tokens=True,
    prepare=prepare,
)
