"""The unit of work: rows, conflicts, idempotency, events and audit share one transaction."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from shared.db.principals import Role, system_principal
from shared.db.unit import UnitOfWork
from tests.kernel.conftest import Toy

TOWN = Role.TOWN_CLERK


async def test_a_town_sees_only_its_own_rows(toy: Toy) -> None:
    await toy.beds("in")
    await toy.beds("out", area="330903003001")
    answer = await toy.client.get("/api/toy/beds?total=true", headers=toy.headers(TOWN))
    assert [bed["id"] for bed in answer.json()["items"]] == ["in"]
    assert answer.json()["total"] == 1
    refused = await toy.client.get("/api/toy/beds/out", headers=toy.headers(TOWN))
    assert refused.status_code == 404
    assert refused.json()["code"] == "not_found"
    assert await toy.scalar("select count(*) from kernel.audit where outcome = 'refused' and code = 'not_found'") == 1


async def test_one_of_200_claims_wins(toy: Toy) -> None:
    await toy.beds("b1")
    headers = toy.headers(TOWN)

    async def claim(number: int) -> int:
        answer = await toy.client.post("/api/toy/beds/b1/claims", json={"personId": f"p{number}"}, headers=headers)
        return answer.status_code

    loop = asyncio.get_running_loop()
    started = loop.time()
    statuses = await asyncio.gather(*(claim(number) for number in range(200)))
    assert sorted(statuses) == [201] + [409] * 199
    assert loop.time() - started < 15  # 5 s are asked of an idle machine; see the journeys
    assert await toy.scalar("select count(*) from claim") == 1


async def test_one_key_50_times_is_one_effect_and_one_answer(toy: Toy) -> None:
    await toy.beds("b1")
    headers = toy.headers(TOWN) | {"idempotency-key": "key-00000001"}

    async def claim() -> tuple[int, bytes]:
        answer = await toy.client.post("/api/toy/beds/b1/claims", json={"personId": "p1"}, headers=headers)
        return answer.status_code, answer.content

    answers = set(await asyncio.gather(*(claim() for _ in range(50))))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert await toy.scalar("select count(*) from kernel.outbox") == 1
    other = await toy.client.post("/api/toy/beds/b1/claims", json={"personId": "p2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_event_arrives_once_and_in_the_log(toy: Toy) -> None:
    from tests.kernel.toy.app import seen

    await toy.beds("b1")
    await toy.client.post("/api/toy/beds/b1/claims", json={"personId": "p1"}, headers=toy.headers(TOWN))
    await toy.settle()
    assert seen == [("p1", "b1")]
    assert await toy.scalar("select count(*) from kernel.inbox where state = 'done'") == 1
    actions = await toy.scalar("select array_agg(action order by id) from kernel.audit where action not like 'test'")
    assert actions == ["toy:claim_bed", "toy.inbox:toy.bed.claimed.v1"]


async def test_no_answer_of_a_public_route_is_kept(toy: Toy) -> None:
    """All who have not signed in share one principal: one's key is not another's, and tokens are not stored."""
    key = {"idempotency-key": "key-00000001"}
    for person in ("p1", "p2"):
        answer = await toy.client.post("/api/toy/echo", json={"personId": person}, headers=key)
        assert (answer.status_code, answer.json()) == (200, {"personId": person})
    assert await toy.scalar("select count(*) from kernel.idempotent_answer") == 0


async def test_an_address_with_a_slash_too_many_is_not_there(toy: Toy) -> None:
    headers = toy.headers(TOWN) | {"host": "elsewhere.example"}
    answer = await toy.client.get("/api/toy/beds/", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "location" not in answer.headers


async def test_a_purpose_is_kept_as_it_was_written(toy: Toy) -> None:
    await toy.beds("b1")
    token = toy.headers(TOWN)["authorization"].encode()
    headers = {b"authorization": token, b"x-purpose": "核对身份".encode()}
    await toy.client.get("/api/toy/beds/b1", headers=headers)
    assert await toy.scalar("select purpose from kernel.audit where action = 'toy:get_bed'") == "核对身份"


async def test_what_a_caller_writes_is_never_part_of_a_statement(toy: Toy) -> None:
    """The audit row goes out with the commit, without parameters."""
    await toy.beds("b1")
    reason = "'); delete from bed; -- \\' {} $1 核"
    answer = await toy.client.get("/api/toy/beds/b1", params={"reason": reason}, headers=toy.headers(TOWN))
    assert answer.status_code == 200
    assert await toy.scalar("select reason from kernel.audit where action = 'toy:get_bed'") == reason
    refused = await toy.client.get("/api/toy/beds/b1", params={"reason": "a\0b"}, headers=toy.headers(TOWN))
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_value")


async def test_a_change_whose_audit_row_cannot_be_written_is_none(toy: Toy) -> None:
    async def change(unit: UnitOfWork) -> None:
        await unit.execute(text("insert into bed (id, area_code, org_id) values ('b9', '330903001001', 'o')"))
        unit.note(reason="a\0b")

    with pytest.raises(asyncpg.UntranslatableCharacterError):
        await toy.runtime.database.run(system_principal("test"), "test", change)
    assert await toy.scalar("select count(*) from bed where id = 'b9'") == 0
