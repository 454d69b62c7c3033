"""Bad input gets a clear answer: every operation of the suite under generated requests, none answers with a fault."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from sqlalchemy import URL

from shared import clock
from shared.db.principals import Role
from shared.security.tokens import Claims, TokenSigner
from shared.web.route import UnitRoute
from suite.seed.places import DISTRICT
from suite.simulators.departments import Departments
from tests.journeys.conftest import Scene, Seeded, staged

IDS = {
    "bed_id": ("eldercare", "select id from bed limit 3"),
    "person_id": ("eldercare", "select person_id from elder limit 3"),
    "stay_id": ("eldercare", "select id from stay limit 3"),
    "order_id": ("eldercare", "select id from home_order limit 3"),
    "device_id": ("eldercare", "select id from device limit 3"),
    "institution_id": ("eldercare", "select id from institution limit 3"),
    "household_id": ("relief", "select id from household limit 3"),
    "account_id": ("brain", "select id from account limit 3"),
    "unit_id": ("brain", "select id from org_unit limit 3"),
}
"""Real ids, so that generated requests also get past "not found"; a name without an entry takes what is generated."""

NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 1e308, "", " ", "\x00", "\ud800", "'; drop table bed; --", "张" * 5000, "0" * 400,
    [], [[]], {}, {"$ne": 1}, "2026-02-30", "9999-99-99", "330999195001010015", "NaN", "../../etc/passwd",
)  # fmt: skip

NAMES = ("%E8%AF%81%E6%98%8E.pdf", "", "%", "%ff", "%00", "../../x", "a" * 900, "%E2%80%AE", '"; filename=x.html')
"""What files are called, percent-encoded or worse."""


@pytest.fixture(scope="module")
async def suite(
    admin: URL, seeded: Seeded, outside: tuple[str, Departments], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    async with staged(admin, seeded, outside, tmp_path_factory.mktemp("fuzz")) as standing:
        yield standing


class Keys:
    """Signs tokens of whichever role an operation wants."""

    def __init__(self, scene: Scene) -> None:
        keys = scene.suite.keyring.for_service("brain", derives_person_ids=True, signs_tokens=True)
        self._signer = TokenSigner(keys.token_keys)
        self._scene = scene

    def headers(self, role: Role | None) -> dict[str, str]:
        if role is None:
            return {}
        person = self._scene.story[0]["personId"] if role is Role.RESIDENT else ""
        claims = Claims.starting(
            clock.real(), account_id=f"fuzz-{role}", session_id="fuzz", role=role, area_code=DISTRICT, person_id=person
        )
        return {"authorization": f"Bearer {self._signer.issue(claims)}"}


def roles_of(scene: Scene) -> dict[tuple[str, str], list[Role | None]]:
    """(method, path template) → who may; `None` for public routes."""
    found: dict[tuple[str, str], list[Role | None]] = {}
    for app in scene.suite.apps.values():
        permissions = app.state.edge.permissions
        for route in app.routes:
            if isinstance(route, UnitRoute):
                wanted = route.permit
                may = sorted(permissions.roles(wanted.resource, wanted.verb)) if wanted.resource else [None]
                for method in route.methods or ():
                    found[method, route.path_format] = list(may)
    return found


async def real_ids(scene: Scene) -> dict[str, list[str]]:
    found = {}
    for name, (service, sql) in IDS.items():
        found[name] = [str(row[0]) for row in await scene.rows(service, sql)]
    story = scene.story[0]
    found["person_id"] = [story["personId"], *found["person_id"]]
    found["case_id"] = [await dead(scene)]
    return found


async def dead(scene: Scene) -> str:
    """The case of somebody who was reported dead."""
    report = {"personId": scene.story[1]["personId"], "source": "TOWN", "deathDate": "2026-01-01", "place": "家中"}
    headers = Keys(scene).headers(Role.TOWN_CLERK)
    answer = await scene.client.post("/api/affairs/deaths", json=report, headers=headers)
    return str(answer.json()["caseId"])


def generated(operation: Any, mode: GenerationMode, number: int, seed: int) -> Iterator[dict[str, Any]]:
    """`number` requests made from the operation's own schema (or, NEGATIVE, made to break it)."""
    cases: list[Any] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        cases.append(case)

    try:
        collect()
    except hypothesis.errors.Unsatisfiable:
        return
    except schemathesis.errors.SchemathesisError:
        return
    for case in cases:
        yield case.as_transport_kwargs(base_url="http://suite")


def mangled(body: Any, chance: random.Random) -> Any:
    """A body with one value replaced by something nasty."""
    if not isinstance(body, dict) or not body:
        return chance.choice(NASTY)
    key = chance.choice(sorted(body))
    return {**body, key: chance.choice(NASTY)}


@pytest.mark.prove
async def test_no_operation_answers_with_a_fault(suite: Scene, size: Any, seed: int, record_property: Any) -> None:
    document = (await suite.client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    number = size(1, stated=12)
    chance = random.Random(seed)
    roles, ids, keys = roles_of(suite), await real_ids(suite), Keys(suite)
    sent = 0
    faults: list[str] = []
    statuses: dict[int, int] = {}
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        may = roles.get((operation.method.upper(), operation.path), [None])
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for request in generated(operation, mode, number, chance.randrange(2**32)):
                answer = await _send(suite, operation, request, ids, keys.headers(chance.choice(may)), chance)
                sent += 1
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                if answer.status_code >= 500:
                    faults.append(f"{operation.method} {operation.path} {request}: {answer.text[:300]}"[:1500])
                elif answer.status_code >= 400:
                    problem = answer.json()
                    assert {"code", "detail", "status", "title"} <= problem.keys(), answer.text
                    assert not problem["detail"].isascii(), problem
    record_property("fuzz", f"{sent} requests, answers {dict(sorted(statuses.items()))}")
    assert not faults, "\n".join(faults[:20])
    assert sent > 300


async def _send(
    scene: Scene, operation: Any, request: dict[str, Any], ids: dict[str, list[str]], headers: dict[str, str],
    chance: random.Random,
) -> Any:  # fmt: skip
    url = request["url"]
    if chance.random() < 0.7:
        path = operation.path
        for part in [piece[1:-1] for piece in path.split("/") if piece.startswith("{")]:
            known = ids.get(part.split(":")[0])
            path = path.replace(
                "{" + part + "}", chance.choice(known) if known else "0198c0de-0000-7000-8000-000000000000"
            )
        url = f"http://suite{path}"
    body = request.get("json")
    content: bytes | None = None
    if body is not None:
        if chance.random() < 0.4:
            body = mangled(body, chance)
        content = json.dumps(body).encode()
        headers = {**headers, "content-type": "application/json"}
    elif isinstance(request.get("data"), bytes):
        file: bytes = request["data"]
        content = chance.choice((file, file[: len(file) // 2], chance.randbytes(200), b"<html>", b""))
        headers = {**headers, "content-type": "image/png", "x-file-name": chance.choice(NAMES)}
    query = request.get("params")
    return await scene.client.request(request["method"], url, params=query, headers=headers, content=content)


CASES = [
    ("post", "/api/eldercare/elders/{person}/death-report", {"deathDate": "2026-02-30", "place": "x"}, "deathDate"),
    ("post", "/api/eldercare/elders/{person}/death-report", {"place": "x"}, "deathDate"),
    ("post", "/api/eldercare/elders/{person}/death-report", {"deathDate": "2999-01-01", "place": "x"}, "deathDate"),
    ("post", "/api/eldercare/elders/{person}/death-report", {"deathDate": "2026-01-01", "place": 5}, "place"),
    ("post", "/api/eldercare/elders/{person}/death-report", {"deathDate": "2026-01-01", "place": "x", "a": 1}, "a"),
    ("get", "/api/eldercare/elders?limit=0", None, "limit"),
    ("get", "/api/eldercare/elders?cursor=nonsense", None, "cursor"),
    ("get", "/api/eldercare/elders?nosuchfilter=1", None, "nosuchfilter"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), CASES)
async def test_the_answer_names_the_field_in_chinese(
    suite: Scene, method: str, path: str, body: Any, field: str
) -> None:
    path = path.format(person=suite.story[0]["personId"])
    headers = Keys(suite).headers(Role.TOWN_CLERK)
    answer = await suite.client.request(method, path, json=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == [field]
    assert not errors[0]["message"].isascii()


@pytest.mark.parametrize(
    ("number", "code"),
    [("330999195001010015", "id_checksum"), ("330999193802290021", "id_birth_date"), ("12345", "id_length")],
)
async def test_a_wrong_id_number_is_named(suite: Scene, number: str, code: str) -> None:
    headers = Keys(suite).headers(Role.TOWN_CLERK)
    answer = await suite.client.post("/api/brain/people/look-up", json={"idNumber": number}, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "idNumber"
    assert answer.json()["errors"][0]["code"] == code
    assert number not in answer.text


async def test_broken_and_oversized_bodies(suite: Scene) -> None:
    headers = Keys(suite).headers(Role.TOWN_CLERK) | {"content-type": "application/json"}
    path = f"/api/eldercare/elders/{suite.story[0]['personId']}/death-report"
    broken = await suite.client.post(path, content=b'{"deathDate": ', headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (400, "invalid_json")
    huge = await suite.client.post(path, content=b'{"place": "' + b"x" * 3_000_000 + b'"}', headers=headers)
    assert (huge.status_code, huge.json()["code"]) == (413, "body_too_large")
    nested = await suite.client.post(path, content=b"[" * 100_000, headers=headers)
    assert nested.status_code in (400, 422)
    invalid = await suite.client.post(path, content=b"\xff\xfe{}", headers=headers)
    assert invalid.status_code == 400
