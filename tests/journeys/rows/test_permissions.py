"""Who may do what: each route × each role the table does not name × each place, and those without a token."""

from collections import Counter
from typing import Any

import pytest

from shared.clock import real
from shared.db.principals import Role
from shared.security.keys import Keyring
from shared.security.tokens import Claims, TokenSigner
from suite.seed.places import DISTRICT
from tests.journeys.rows.furniture import Nowhere, Place
from tests.journeys.rows.who import ROLES, Who
from tests.journeys.rows.world import Way, World


@pytest.mark.plan("S-06", part="rows")
@pytest.mark.prove
async def test_a_role_the_table_does_not_name_is_refused_and_written_down(
    world: World, places: dict[str, Place], size: Any, record_property: Any
) -> None:
    """403, whatever the area, house or person of the principal; one audit row for each refusal."""
    nothing, areas = Nowhere(places["here"]), size(1, stated=2)
    refused: Counter[str] = Counter()
    wrong: list[str] = []

    async def knock(way: Way, who: Who) -> None:
        answer = await world.call(who, way, nothing.path(way))
        refused[f"{way.service}:{way.op}"] += 1
        if (answer.status, answer.code) != (403, "not_permitted"):
            wrong.append(f"{way.name} as {who}: {answer.status} {answer.text[:200]}")

    before = await _refusals(world)
    for number, way in enumerate(world.ways):
        others = [role for role in ROLES if not world.may(role, way)]
        positions = [world.places.positions(role) for role in others]
        chosen = [found[(number + step) % len(found)] for found in positions for step in range(min(areas, len(found)))]
        if number % 40 == 0:
            world.renew()
        await world.all(knock(way, who) for who in chosen)
    record_property("refused", f"{sum(refused.values())} calls of {len(world.ways)} routes by {len(ROLES)} roles")
    assert not wrong, "\n".join(wrong[:20])
    assert await _refusals(world) - before == refused


async def _refusals(world: World) -> Counter[str]:
    found: Counter[str] = Counter()
    for service in world.scene.suite.apps:
        sql = (
            "select action, count(*) from kernel.audit where outcome = 'refused' and code = 'not_permitted' group by 1"
        )
        found.update(dict(await world.rows(service, sql)))
    return found


async def test_nobody_is_answered_without_a_token_of_ours(world: World, places: dict[str, Place]) -> None:
    """401 without a token, with a token signed by another suite, and with one whose text was changed."""
    nothing = Nowhere(places["here"])
    strange = TokenSigner(Keyring.generate(dev=True).for_service("brain", signs_tokens=True).token_keys)
    claims = Claims.starting(real(), account_id="a", session_id="s", role=Role.DISTRICT_OFFICER, area_code=DISTRICT)
    good = world.signer.issue(claims)
    head, body, tail = good.split(".")
    forged = (strange.issue(claims), f"{head}.{body[:-4]}AAAA.{tail}", "x")

    async def knock(way: Way, token: str | None) -> None:
        answer = await world.knock(way, way.address(nothing.path(way)), token or "")
        assert answer.status == 401, (way.name, token, answer.text)

    closed = [way for way in world.ways if not way.is_public]
    await world.all(
        knock(way, token) for number, way in enumerate(closed) for token in (None, forged[number % len(forged)])
    )


def test_every_route_of_every_service_is_one_of_ours(world: World) -> None:
    """Nothing is served past permission, unit of work and audit but health and the API document."""
    assert world.strangers() == []
    assert len(world.ways) > 150
