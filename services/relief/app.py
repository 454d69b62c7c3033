"""Relief's table of contents."""

from datetime import time
from pathlib import Path

from services.relief.applications import jobs as application_jobs
from services.relief.applications import limits
from services.relief.applications.publishing import PUBLICITY_OVER
from services.relief.applications.reactions import end_publicity, look_at_limit
from services.relief.applications.routes import router as applications
from services.relief.assessments.routes import router as assessments
from services.relief.benefits import jobs as benefit_jobs
from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.reactions import end_term
from services.relief.benefits.routes import router as cases
from services.relief.benefits.service import TERM_OVER
from services.relief.changes.routes import router as changes
from services.relief.complaints.routes import router as complaints
from services.relief.deaths.reactions import settle_death, unsettle_death
from services.relief.delegation.routes import router as delegations
from services.relief.desk import prepare
from services.relief.fieldwork import jobs as fieldwork_jobs
from services.relief.fieldwork.routes import router as fieldwork
from services.relief.filings.routes import router as filings
from services.relief.households import jobs as household_jobs
from services.relief.households.routes import router as households
from services.relief.law import BOOK, PARAMETERS
from services.relief.means.routes import router as means
from services.relief.medical import reactions as medical_reactions
from services.relief.medical.routes import router as medical
from services.relief.medical.service import OVERDUE as BURDEN_OVERDUE
from services.relief.papers.routes import router as papers
from services.relief.publicity.routes import router as publicity
from services.relief.rechecks.reactions import notice_overdue
from services.relief.rechecks.routes import router as rechecks
from services.relief.rechecks.service import OVERDUE
from services.relief.spotchecks import jobs as spot_check_jobs
from services.relief.spotchecks.routes import router as spot_checks
from services.relief.temporary import reactions as temporary_reactions
from services.relief.temporary.routes import router as temporary
from services.relief.temporary.service import LATE
from services.relief.verification import asking, stepping
from services.relief.verification import reactions as verifying
from services.relief.verification.routes import router as verifications
from services.relief.visits.routes import router as visits
from services.relief.warnings import jobs as warning_jobs
from services.relief.warnings import reactions as warning_reactions
from services.relief.warnings.nightly import NEXT
from services.relief.warnings.raising import LIMIT
from services.relief.warnings.routes import router as warnings
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.relief import BenefitClosed
from shared.events import Schedule, on, on_timer
from shared.outgoing import on_call
from shared.service import ServiceSpec
from shared.web.payments import payments_router
from shared.web.policy import policy_router

SPEC = ServiceSpec(
    name="relief",
    title="精准助民（社会救助）",
    folder=Path(__file__).parent,
    rooms=[
        households,
        filings,
        changes,
        applications,
        papers,
        publicity,
        delegations,
        spot_checks,
        complaints,
        cases,
        rechecks,
        visits,
        warnings,
        medical,
        verifications,
        fieldwork,
        temporary,
        means,
        assessments,
        payments_router("relief", PAYMENTS),
        policy_router("relief", PARAMETERS, BOOK),
    ],
    subscriptions=[
        on(DeathConfirmed, settle_death),
        on(DeathRevoked, unsettle_death),
        on_timer(OVERDUE, notice_overdue),
        on_timer(limits.TIMER, look_at_limit),
        on_timer(PUBLICITY_OVER, end_publicity),
        on_timer(TERM_OVER, end_term),
        on(DeathConfirmed, warning_reactions.follow_death),
        on(DeathRevoked, warning_reactions.follow_return),
        on(BenefitClosed, warning_reactions.follow_benefit),
        on_timer(LIMIT, warning_reactions.notice_limit),
        on_timer(NEXT, warning_jobs.go_on),
        on_timer(BURDEN_OVERDUE, medical_reactions.notice_overdue),
        on_call(asking.PURPOSE, verifying.hear_source),
        on_timer(asking.TIMEOUT, verifying.end_waiting),
        on_timer(asking.AGAIN, verifying.ask_again),
        on_timer(stepping.DUE, verifying.look_at_limit),
        on_timer(LATE, temporary_reactions.look_at_clock),
    ],
    takes_id_numbers=True,
    calls_outside=True,
    sends_notices=True,
    prepare=prepare,
    schedules=[
        Schedule("relief.rates", benefit_jobs.take_over_rates, at=time(0, 5)),
        Schedule("relief.limits", application_jobs.refresh_limits, at=time(0, 20)),
        Schedule("relief.spot-checks", spot_check_jobs.draw_last_month, at=time(0, 25)),
        Schedule("relief.former-members", household_jobs.forget_former_members, at=time(0, 15)),
        Schedule("relief.warnings", warning_jobs.evaluate_all, at=time(1, 0)),
        Schedule("relief.field-resamples", fieldwork_jobs.draw_visits, at=time(2, 0), day=1),
    ],
)
