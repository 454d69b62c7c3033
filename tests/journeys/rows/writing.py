"""Writing to rows that are not one's own: refused as if they did not exist, and nothing is changed."""

from collections.abc import Iterable, Mapping

from shared.db.principals import Role
from tests.journeys.rows.bodies import BODIES, body_for
from tests.journeys.rows.furniture import Place
from tests.journeys.rows.who import Row, Who
from tests.journeys.rows.world import Way, World

OWN = frozenset(
    {
        *("sign_out", "change_password"),  # the caller's own account
        "propose_subsidies",  # names no row: looks through the caller's own; see the test of its own
        "receive_bills",  # says of each bill by itself that the person is not known; see the test of its own
        "start_warning_run",  # names no row, and says which families it looks at only in numbers
        *("assess_family", "work_out_income", "work_out_property"),  # keep nothing, name nobody
        "draw_checks",  # names no row: draws in the caller's own district
        *(
            f"{service}_{operation}"
            for service in ("brain", "eldercare", "relief", "charity", "affairs")
            for operation in ("replay_parked_event", "discard_unreadable_event")
        ),
    }
)
"""Writes that reach no row of a place."""

BY_AREA: Mapping[str, int] = {
    "found_unit": 403, "create_account": 403, "register_person": 403, "run_subsidies": 403, "create_household": 403,
    "add_institution": 422, "eldercare_open_batch": 403, "relief_open_batch": 403,
    "change_unit": 403, "close_unit": 403, "delegate_kind": 403,
    "make_survey_contract": 403, "open_reserve": 403, "ask_to_fill_reserve": 403,
    "offer_help_project": 403,
}  # fmt: skip
"""Writes into an area (areas and units are public): a plain "not yours"."""

ANYWHERE: Mapping[str, frozenset[Role]] = {
    "report_death_case": frozenset({Role.FUNERAL_STAFF}),  # is called to whoever has died (domain §10)
    "object_to_notice": frozenset({Role.RESIDENT}),  # what hangs in the village anybody may speak against
}
"""Whose work reaches beyond their rows by law, and says so in the audit row."""


def uncovered(ways: Iterable[Way]) -> list[str]:
    """Writing routes with a body nobody has written one for."""
    return [
        f"{way.name}: no body"
        for way in ways
        if way.writes and way.takes_body and not way.is_public and way.op not in OWN and way.op not in BODIES
    ]


async def check_write(world: World, way: Way, who: Who, place: Place, nothing: Place) -> list[str]:
    """One try on what stands in a place the principal has no part in."""
    answer = await world.call(who, way, place.path(way), body_for(way.op, place, who.role))
    where = f"{way.name} as {who}: {answer.status} {answer.text[:200]}"
    if way.op in BY_AREA:
        return [] if answer.status == BY_AREA[way.op] and "area" in answer.code else [where]
    if answer.status not in (403, 404):
        return [f"{where} for a row outside"]
    unknown = await world.call(who, way, nothing.path(way), body_for(way.op, nothing, who.role))
    return [] if answer.told() == unknown.told() else [f"{where}, told apart from {unknown.text[:200]}"]


def intruders(world: World, way: Way, place: Place, number: int, positions: int) -> list[Who]:
    """Principals of each role that may, where they have no part in the place: some of them, or all."""
    row = Row("", place.area, world.places.home, frozenset({place["person_id"], place["spare_id"]}))
    town = Row("", place.town, world.places.home)
    found = []
    for turn, role in enumerate(world.allowed(way)):
        if role in ANYWHERE.get(way.op, ()):
            continue
        outside = [
            who for who in world.places.beside(role, row) if not who.sees(town) and who.person != world.places.daughter
        ]
        found += [outside[(number + turn + step) % len(outside)] for step in range(min(positions, len(outside)))]
    return found


async def check_inside(world: World, way: Way, who: Who, place: Place) -> list[str]:
    """The same try by somebody whose row it is: whatever the state allows, the row is there and the body is whole."""
    answer = await world.call(who, way, place.path(way), body_for(way.op, place, who.role))
    if answer.status in (404, 500) or answer.code in ("invalid_request", "not_permitted"):
        return [f"{way.name} as {who}: {answer.status} {answer.text[:300]}"]
    return []
