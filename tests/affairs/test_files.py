"""The papers of a death case as files: handed in by the town, named by evidence, shown to who decides on them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.principals import Role
from shared.ids import uuid7
from tests.affairs.world import DISTRICT, LIUHENG, World, days_ago

pytestmark = pytest.mark.plan("A-09", part="evidence as files")

SCAN = b"%PDF-1.7\n% a certificate of the hospital"
PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256))


async def upload(
    world: World, case_id: str, content: bytes = SCAN, *, who: Mapping[str, str] | None = None, name: str = "证明.pdf"
) -> httpx.Response:
    headers = {**(who or world.town), "content-type": "application/octet-stream", "x-file-name": quote(name)}
    return await world.stand.client.post(f"/api/affairs/deaths/{case_id}/files", headers=headers, content=content)


async def kept(world: World, case_id: str, content: bytes = SCAN) -> str:
    answer = await upload(world, case_id, content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["fileId"])


async def download(world: World, case_id: str, file_id: str, who: Mapping[str, str] | None = None) -> httpx.Response:
    path = f"/api/affairs/deaths/{case_id}/files/{file_id}"
    return await world.stand.client.get(path, headers=who or world.town)


async def test_a_paper_is_handed_in_named_by_evidence_and_read_again(world: World) -> None:
    case_id = await world.case()
    scan, photo = await kept(world, case_id), await kept(world, case_id, PHOTO)
    given = await world.give(case_id, fileIds=[scan, photo])
    case = await world.get(f"/deaths/{case_id}", world.officer())
    assert [(one["id"], one["fileIds"]) for one in case["evidence"]] == [(given["evidenceId"], [scan, photo])]
    listed = await world.get(f"/deaths/{case_id}/files?limit=1&total=true", world.officer())
    assert listed["total"] == 2
    [item] = listed["items"]
    assert (item["fileId"], item["name"], item["mediaType"], item["size"], item["givenBy"]) == (
        scan, "证明.pdf", "application/pdf", len(SCAN), "town",
    )  # fmt: skip
    rest = await world.get(f"/deaths/{case_id}/files?cursor={listed['nextCursor']}", world.officer())
    assert [one["fileId"] for one in rest["items"]] == [photo]
    for who in (world.town, world.officer(), world.reviewer()):
        answer = await download(world, case_id, photo, who)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PHOTO, "image/jpeg")


async def test_the_same_paper_twice_is_one_file_of_the_case(world: World) -> None:
    case_id = await world.case()
    first = await kept(world, case_id)
    again = await upload(world, case_id, name="再交一次.pdf")
    assert (again.status_code, again.json()["fileId"]) == (200, first)
    key = {"idempotency-key": "the-same-key"}
    replayed = [await upload(world, case_id, PHOTO, who=world.town | key) for _ in range(2)]
    assert [one.status_code for one in replayed] == [201, 201]
    assert replayed[1].headers["idempotent-replay"] == "true"
    assert (await world.get(f"/deaths/{case_id}/files?total=true", world.town))["total"] == 2


async def test_evidence_names_files_of_its_own_case(world: World) -> None:
    case_id, other = await world.case(), await world.case("bo")
    mine, theirs, nowhere = await kept(world, case_id), await kept(world, other), uuid7()
    answer = await world.give(case_id, "medical_certificate", 422, fileIds=[mine, theirs, nowhere])
    assert answer["code"] == "file_unknown"
    assert [error["field"] for error in answer["errors"]] == ["fileIds.1", "fileIds.2"]
    malformed = await world.give(case_id, "medical_certificate", 422, fileIds=["nonsense"])
    assert malformed["errors"][0]["field"] == "fileIds.0"
    assert (await world.get(f"/deaths/{case_id}", world.town))["evidence"] == []
    assert (await download(world, case_id, theirs)).status_code == 404


async def test_nobody_else_sees_the_papers(world: World) -> None:
    """Another town finds nothing; the family sees how the case stands and none of its papers (domain §1.6: L4)."""
    case_id = await world.case()
    file_id = await kept(world, case_id)
    await world.give(case_id, fileIds=[file_id])
    for answer in (
        await upload(world, case_id, PHOTO, who=world.other_town),
        await download(world, case_id, file_id, world.other_town),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    await world.get(f"/deaths/{case_id}/files", world.other_town, 404)
    unknown = uuid7()
    assert (await download(world, unknown, file_id)).status_code == 404
    assert (await download(world, case_id, unknown)).status_code == 404
    assert (await upload(world, unknown)).status_code == 404
    auditor = world.stand.headers(Role.AUDITOR, DISTRICT)
    leader = world.stand.headers(Role.TOWN_LEADER, LIUHENG)
    for who in (world.resident("bo"), world.resident("eve"), world.village, world.home, auditor, leader):
        assert (await download(world, case_id, file_id, who)).status_code == 403
        assert (await upload(world, case_id, PHOTO, who=who)).status_code == 403
        await world.get(f"/deaths/{case_id}/files", who, 403)
    shown = await world.get(f"/deaths/{case_id}", world.resident("bo"))
    assert shown["evidence"] == []
    assert file_id not in str(shown)


async def test_a_close_relative_hands_in_nothing(world: World) -> None:
    case_id = await world.case()
    who = world.officer(person=world["dan"])
    answer = await upload(world, case_id, who=who)
    assert (answer.status_code, answer.json()["code"]) == (403, "close_relative")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "file_empty"),
        (b"<html><script>alert(1)</script>", 422, "file_type_not_allowed"),
        (b"\x00" * 1000, 422, "file_type_not_allowed"),
        (b"%PDF-" + bytes(10_000_000), 413, "file_too_large"),
    ],
)
async def test_a_file_we_do_not_take_is_named(world: World, content: bytes, status: int, code: str) -> None:
    case_id = await world.case()
    answer = await upload(world, case_id, content, name="证明.png")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [error["field"] for error in answer.json()["errors"]] == ["file"]
    assert not answer.json()["detail"].isascii()
    assert (await world.get(f"/deaths/{case_id}/files", world.town))["items"] == []


async def test_an_ended_case_keeps_its_files_and_takes_no_new_ones(world: World) -> None:
    case_id = await world.case()
    file_id = await kept(world, case_id)
    await world.post(f"/deaths/{case_id}/dismiss", world.officer(), {"reason": "误报"})
    answer = await upload(world, case_id, PHOTO)
    assert (answer.status_code, answer.json()["code"]) == (409, "death_case_ended")
    assert (await download(world, case_id, file_id)).content == SCAN


async def test_a_confirmed_case_takes_late_papers_and_a_revoked_one_none(world: World) -> None:
    case_id = await world.confirmed()
    late = await kept(world, case_id)
    await world.give(case_id, "cremation_certificate", deathDate=None, onDate=days_ago(1), fileIds=[late])
    await world.revoke(case_id)
    assert (await upload(world, case_id, PHOTO)).status_code == 409
    assert (await download(world, case_id, late)).content == SCAN


async def test_who_looked_at_a_paper_is_written_down(world: World) -> None:
    case_id = await world.case()
    file_id = await kept(world, case_id)
    await download(world, case_id, file_id, world.officer())
    await world.get(f"/deaths/{case_id}/files", world.officer())
    rows = await world.stand.rows(
        "select action, account_id, subjects, case_id, grade, detail ->> 'file', count from kernel.audit"
        " where action like '%death_file%' order by id"
    )
    ann = [world["ann"]]
    assert rows == [
        ("affairs:add_death_file", "town", ann, case_id, "NOTHING", file_id, None),
        ("affairs:get_death_file", "officer", ann, case_id, "L4", file_id, None),
        ("affairs:list_death_files", "officer", ann, case_id, "NOTHING", None, 1),
    ]


async def test_a_paper_that_was_changed_is_not_given_out(world: World, admin: Any) -> None:
    case_id = await world.case()
    file_id = await kept(world, case_id)
    engine = create_async_engine(admin.set(database=world.stand.runtime.database.url.database))
    async with engine.begin() as connection:
        await connection.execute(
            text("update kernel.file_content set sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20))")
        )
    await engine.dispose()
    answer = await download(world, case_id, file_id)
    assert answer.json()["code"] == "file_damaged"
    assert SCAN not in answer.content
