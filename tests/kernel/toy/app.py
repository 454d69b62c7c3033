"""The toy's table of contents."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from shared import effects
from shared.db.problems import Conflict
from shared.events import Envelope, Event, Timer, on, on_timer, set_timer
from shared.ids import uuid7
from shared.service import ServiceSpec
from shared.web import Page, PageQuery, Router, Unit, Wire, paginate, permit, public
from tests.kernel.toy.tables import Bed, Claim


class BedTaken(Conflict):
    code = "bed_taken"
    detail = "该床位已被占用"


class BedClaimed(Event, type="toy.bed.claimed.v1"):
    bed_id: str
    person_id: str


class PersonPoisoned(Event, type="toy.person.poisoned.v1"):
    person_id: str


class ClaimIn(Wire):
    person_id: str


class BedOut(Wire):
    id: str
    area_code: str
    taken_by: str | None


router = Router(prefix="/api/toy", tags=["beds"])
seen: list[tuple[str, str]] = []
poison: set[str] = set()


@router.get("/beds")
@permit("bed", "read")
async def list_beds(unit: Unit, page: PageQuery) -> Page[BedOut]:
    return await paginate(unit, select(Bed), [Bed.id], page, BedOut.model_validate)


@router.get("/beds/{bed_id}")
@permit("bed", "read", "personal")
async def get_bed(bed_id: str, unit: Unit) -> BedOut:
    return BedOut.model_validate(await unit.get(Bed, bed_id))


@router.post("/beds/{bed_id}/claims", status_code=201)
@permit("bed", "claim")
async def claim_bed(bed_id: str, body: ClaimIn, unit: Unit) -> BedOut:
    bed = await unit.get(Bed, bed_id, lock=True)
    if bed.taken_by:
        raise BedTaken
    await effects.change(
        unit,
        bed,
        "taken_by",
        body.person_id,
        cause=f"claim-{bed_id}",
        person_id=body.person_id,
        area_code=bed.area_code,
        org_id=bed.org_id,
    )
    unit.add(Claim(id=uuid7(), bed_id=bed_id, person_id=body.person_id, area_code=bed.area_code))
    unit.emit(BedClaimed(bed_id=bed_id, person_id=body.person_id), area_code=bed.area_code)
    await set_timer(unit, "claim.old", bed_id, unit.now + timedelta(days=1))
    unit.note(subjects=[body.person_id])
    return BedOut.model_validate(bed)


@router.post("/echo")
@public("toy.echo")
async def echo(body: ClaimIn) -> ClaimIn:
    return body


async def remember(unit, event: BedClaimed, envelope: Envelope) -> None:
    if event.person_id in poison:
        raise RuntimeError("poisoned")
    seen.append((event.person_id, event.bed_id))


async def remember_timer(unit, timer: Timer, envelope: Envelope) -> None:
    seen.append(("timer", timer.key))


SPEC = ServiceSpec(
    name="toy",
    title="玩具",
    folder=Path(__file__).parent,
    rooms=[router],
    subscriptions=[on(BedClaimed, remember), on_timer("claim.old", remember_timer)],
)
