"""Files are kept sealed, once, with the unit or not at all; they leave as what they are, or with a clear word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text

from shared.db.principals import Principal, Role
from shared.db.problems import NotFound
from shared.files import StoredFile
from shared.security.crypto import sm3
from tests.kernel.files.keeper.app import FILES, HOUSE, PERSON, owner
from tests.service_fixture import Stand

PDF = b"%PDF-1.7\n" + b"die Sterbeurkunde " * 10
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9_000
"""More than two pieces of a store."""
NAME = "安示宁 死亡证明.pdf"


async def fill(
    stand: Stand, content: Any = PDF, *, box: str = "b1", name: str = NAME, media: str = "application/pdf"
) -> httpx.Response:
    headers = stand.headers(Role.TOWN_CLERK) | {"content-type": media, "x-file-name": quote(name)}
    return await stand.client.post(f"/api/keeper/boxes/{box}/files", headers=headers, content=content)


async def look(stand: Stand, file_id: str, *, box: str = "b1") -> httpx.Response:
    return await stand.client.get(f"/api/keeper/boxes/{box}/files/{file_id}", headers=stand.headers(Role.TOWN_CLERK))


async def kept(stand: Stand, content: bytes = PDF) -> str:
    answer = await fill(stand, content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["fileId"])


def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert not answer.json()["detail"].isascii()
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])


# ── in and out ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("content", "media_type"), [(PDF, "application/pdf"), (PNG, "image/png")])
async def test_a_file_comes_back_as_it_was(keeper: Stand, content: bytes, media_type: str) -> None:
    given = (await fill(keeper, content, media="text/html")).json()
    assert (given["mediaType"], given["size"], given["isNew"]) == (media_type, len(content), True)
    answer = await look(keeper, given["fileId"])
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["cache-control"] == "no-store"
    assert await keeper.scalar("select digest from kernel.file") == sm3(content)


async def test_a_chinese_name_travels_safely(keeper: Stand) -> None:
    file_id = await kept(keeper)
    disposition = (await look(keeper, file_id)).headers["content-disposition"]
    assert disposition == f"attachment; filename=\"{file_id}.pdf\"; filename*=UTF-8''{quote(NAME)}"
    assert disposition.isascii()
    nasty = await fill(keeper, PNG, name='x"; filename=y.html\r\n.png')
    shown = (await look(keeper, nasty.json()["fileId"])).headers["content-disposition"]
    assert shown.endswith("filename*=UTF-8''x%22%3B%20filename%3Dy.html%20.png")


async def test_the_name_may_come_as_bare_bytes_or_not_at_all(keeper: Stand) -> None:
    headers: Any = [(b"authorization", keeper.headers(Role.TOWN_CLERK)["authorization"].encode())]
    path = "/api/keeper/boxes/b1/files"
    bare = await keeper.client.post(path, headers=[*headers, (b"x-file-name", "证明.pdf".encode())], content=PDF)
    assert quote("证明.pdf") in (await look(keeper, bare.json()["fileId"])).headers["content-disposition"]
    unnamed = await keeper.client.post(path, headers=headers, content=PNG)
    assert quote("材料.png") in (await look(keeper, unnamed.json()["fileId"])).headers["content-disposition"]
    broken = await keeper.client.post(path, headers=[*headers, (b"x-file-name", b"%ff%fe")], content=PDF)
    refused(broken, 422, "file_name", "fileName")
    refused(await fill(keeper, name="fdp\u202egnp.exe"), 422, "file_name", "fileName")


async def test_the_same_bytes_twice_for_one_owner_are_one_file(keeper: Stand) -> None:
    first = await fill(keeper)
    second = await fill(keeper, name="另一个名字.pdf")
    assert (second.status_code, second.json()["fileId"], second.json()["isNew"]) == (
        200, first.json()["fileId"], False,
    )  # fmt: skip
    elsewhere = await fill(keeper, box="b2")
    assert (elsewhere.status_code, elsewhere.json()["isNew"]) == (201, True)
    assert await keeper.scalar("select count(*) from kernel.file") == 2
    refused(await look(keeper, first.json()["fileId"], box="b2"), 404, "not_found")


async def test_the_same_bytes_at_once_are_one_file(keeper: Stand) -> None:
    answers = await asyncio.gather(*(fill(keeper, PNG) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["fileId"] for answer in answers}) == 1
    assert await keeper.scalar("select count(*) from kernel.file_content") == -(-len(PNG) // (1 << 20))


async def test_a_unit_that_fails_leaves_nothing_behind(keeper: Stand) -> None:
    async def keep_and_fail() -> None:
        async with keeper.unit() as unit:
            await FILES.keep(unit, owner("b1"), PDF, name=NAME, kind="thing")
            raise RuntimeError("something else went wrong")

    with pytest.raises(RuntimeError):
        await keep_and_fail()
    assert await keeper.scalar("select count(*) from kernel.file") == 0
    assert await keeper.scalar("select count(*) from kernel.file_content") == 0


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_no_file_of_ours_is_refused(keeper: Stand) -> None:
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    refused(await fill(keeper, page, name="照片.png", media="image/png"), 422, "file_type_not_allowed", "file")
    refused(await fill(keeper, b"MZ\x90", name="证明.pdf"), 422, "file_type_not_allowed", "file")
    refused(await fill(keeper, b""), 422, "file_empty", "file")
    assert await keeper.scalar("select count(*) from kernel.file") == 0


async def test_a_file_may_be_larger_than_a_body_but_not_than_the_limit(keeper: Stand) -> None:
    limit = keeper.runtime.settings.file_limit_bytes
    assert limit > keeper.runtime.settings.body_limit_bytes
    assert (await fill(keeper, PDF + bytes(limit - len(PDF)))).status_code == 201
    refused(await fill(keeper, PDF + bytes(limit - len(PDF) + 1)), 413, "file_too_large", "file")


async def test_a_body_without_end_is_not_read_to_its_end(keeper: Stand) -> None:
    """No length is told: the edge stops at the limit of the route, the one for files and the one for bodies."""
    pieces = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pieces
        yield PDF
        while True:
            pieces += 1
            yield bytes(500_000)

    refused(await fill(keeper, endless()), 413, "file_too_large", "file")
    assert pieces <= keeper.runtime.settings.file_limit_bytes / 500_000 + 1
    pieces = 0
    path = "/api/keeper/boxes/b1/label"
    answer = await keeper.client.post(path, headers=keeper.headers(Role.TOWN_CLERK), content=endless())
    refused(answer, 413, "body_too_large")
    assert pieces <= keeper.runtime.settings.body_limit_bytes / 500_000 + 1


# ── at rest ──────────────────────────────────────────────────────────────────────────────────────


async def test_nothing_of_a_file_lies_in_the_clear(keeper: Stand) -> None:
    await kept(keeper)
    for table in ("file", "file_content", "audit", "idempotent_answer"):
        for (row,) in await keeper.rows(f"select t::text from kernel.{table} t"):
            for plain in (NAME, NAME.encode().hex(), "Sterbeurkunde", b"Sterbeurkunde".hex(), PDF[:9].hex()):
                assert plain not in row, table


@pytest.mark.parametrize(
    "change",
    [
        "update kernel.file_content set sealed = set_byte(sealed, 100, 255 - get_byte(sealed, 100)) where seq = 1",
        "delete from kernel.file_content where seq = 2",
        "delete from kernel.file_content where seq = 0",
        "delete from kernel.file_content",
        "update kernel.file_content set seq = case seq when 0 then 9 when 1 then 0 else seq end",
        "update kernel.file_content set sealed = (select sealed from kernel.file_content where seq = 1) where seq = 0",
        "update kernel.file_content set sealed = '\\x00' where seq = 0",
        "update kernel.file set digest = set_byte(digest, 0, 255 - get_byte(digest, 0))",
    ],
)
async def test_a_changed_file_is_never_given_out(keeper: Stand, owner_of_tables: Any, change: str) -> None:
    file_id = await kept(keeper, PNG)
    await owner_of_tables(change)
    answer = await look(keeper, file_id)
    refused(answer, 500, "file_damaged")
    told = await keeper.rows("select outcome, code from kernel.audit where action = 'keeper:look'")
    assert told == [("refused", "file_damaged")]


async def test_no_login_of_ours_changes_or_removes_a_file(keeper: Stand) -> None:
    await kept(keeper)
    for change in ("update kernel.file set size = 1", "delete from kernel.file_content"):
        with pytest.raises(Exception, match="permission denied"):
            await keeper.rows(change)


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────


def clerk(area: str) -> Principal:
    return Principal("c", Role.TOWN_CLERK, lo=area, hi=area[:9] + "999", area_code=area)


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (clerk("330903100000"), True),
        (clerk("330903003000"), False),
        (Principal("h", Role.INSTITUTION_ADMIN, lo="0", hi="9", org_id=HOUSE), True),
        (Principal("h", Role.INSTITUTION_ADMIN, lo="0", hi="9", org_id="org-other"), False),
        (Principal("h", Role.INSTITUTION_ADMIN, lo="0", hi="9"), False),
        (Principal("r", Role.RESIDENT, lo="0", hi="9", person_id=PERSON), True),
        (Principal("r", Role.RESIDENT, lo="0", hi="9", person_id="p1" + "b" * 26), False),
    ],
)
async def test_the_policies_show_a_file_to_whom_it_belongs(keeper: Stand, who: Principal, sees: bool) -> None:
    file_id = await kept(keeper)
    async with keeper.unit(who) as unit:
        assert (await unit.session.get(StoredFile, file_id) is not None) is sees
        count = (await unit.execute(text("select count(*) from kernel.file_content"))).scalar_one()
        assert count == (1 if sees else 0)
        if sees:
            assert (await FILES.read(unit, "b1", file_id))[1] == PDF
            assert await FILES.unknown(unit, "b1", [file_id, "x"]) == ["x"]
        else:
            with pytest.raises(NotFound):
                await FILES.read(unit, "b1", file_id)
            assert await FILES.unknown(unit, "b1", [file_id]) == [file_id]


async def test_a_file_of_another_area_is_not_put_there(keeper: Stand) -> None:
    """A clerk cannot write into rows that are not hers, whatever the room forgot to ask."""
    headers = keeper.headers(Role.TOWN_CLERK, "330903003000")
    answer = await keeper.client.post("/api/keeper/boxes/b1/files", headers=headers, content=PDF)
    assert answer.status_code >= 400
    assert await keeper.scalar("select count(*) from kernel.file") == 0
