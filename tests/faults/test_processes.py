"""The suite as separate processes on a PostgreSQL server and RabbitMQ: the story, revocation, the clock, and restarts
that nobody notices. After test_faults.py: its verdict is on a suite where no mistake has been taken back."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared import clock
from shared.security.keys import ServiceKeys
from shared.settings import Settings
from suite import servers
from suite.compose import NAMES
from suite.distributed import preparing
from suite.distributed.child_process import ROOT
from suite.distributed.launching import Launched
from suite.distributed.topology import SERVICE_NAMES, processes
from suite.home import Home
from suite.rabbitmq import find_programs
from suite.story.people import Actor
from suite.story.play import play
from tests.broker import Broker, eventually
from tests.faults.load import READS
from tests.faults.standing import suite_of_processes
from tests.faults.striking import Ground
from tests.faults.traffic import Call, flowing
from tools.proofs import PROVING

pytestmark = [pytest.mark.broker, pytest.mark.db]

LENT = "PUYOU_TEST_SERVER" in os.environ or find_programs() is None


@pytest.fixture(scope="module")
async def lent(
    admin: URL, broker_server: Broker, prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Launched, list[str]]]:
    """A suite of this module's own on the run's servers, and what its launcher says."""
    said: list[str] = []
    home = tmp_path_factory.mktemp("distributed")
    async with suite_of_processes(admin, broker_server.url, f"{prefix}d", home, said) as launched:
        yield launched, said


@pytest.fixture(scope="module")
def standing(request: pytest.FixtureRequest) -> tuple[Launched, list[str]]:
    """The suite the faults struck, on which everything goes on as if nothing had been; one of its own where other
    servers are to be tried, and at the stated sizes, which need all people of the story."""
    if PROVING or LENT:
        own: tuple[Launched, list[str]] = request.getfixturevalue("lent")
        return own
    ground: Ground = request.getfixturevalue("standing_ground")
    return ground.suite, ground.said


@pytest.fixture(scope="module")
def suite(standing: tuple[Launched, list[str]]) -> Launched:
    """One suite of processes for the module."""
    return standing[0]


@pytest.fixture
def said(standing: tuple[Launched, list[str]]) -> list[str]:
    """What the launcher says during a test."""
    standing[1].clear()
    return standing[1]


@pytest.fixture
async def client(suite: Launched) -> AsyncIterator[httpx.AsyncClient]:
    """A line to the gateway."""
    async with httpx.AsyncClient(base_url=suite.address, timeout=30) as line:
        yield line


async def signed_in(client: httpx.AsyncClient, name: str) -> Actor:
    """A session of its own."""
    actor = Actor(name, client)
    await actor.sign_in(Settings(env="test").demo_password)
    return actor


def test_the_launcher_knows_the_services_of_the_suite() -> None:
    assert tuple(NAMES) == SERVICE_NAMES
    assert len({process.name for process in processes()}) == 2 * len(NAMES) + 2


@pytest.mark.journey
async def test_the_story_is_the_same_with_a_process_per_service(suite: Launched, size: Any) -> None:
    assert await play(suite.address, suite.settings, runs=size(2, stated=20))


@pytest.mark.journey
async def test_a_revoked_session_is_refused_by_every_process_within_a_second(client: httpx.AsyncClient) -> None:
    security, clerk = await signed_in(client, "security-admin"), await signed_in(client, "town-clerk")
    for path in READS.values():
        await clerk.get(path)
    session = await _session_of(security, clerk)

    await security.post(f"/api/brain/sessions/{session}/revoke", {"reason": "离岗"})
    begun = perf_counter()
    seconds = await asyncio.gather(*(_refused_after(clerk, path, begun) for path in READS.values()))

    assert max(seconds) < 1.0, dict(zip(READS, seconds, strict=True))


async def _session_of(security: Actor, actor: Actor) -> str:
    me = await actor.get("/api/brain/auth/me")
    found = (await security.get("/api/brain/sessions", accountId=me["accountId"]))["items"]
    return str(found[0]["id"])


async def _refused_after(actor: Actor, path: str, begun: float) -> float:
    headers = {"authorization": f"Bearer {actor.token}"}

    async def refused() -> bool:
        return (await actor.client.get(path, headers=headers)).status_code == 401

    await eventually(refused)
    return perf_counter() - begun


async def test_each_process_is_replaced_under_load_and_no_call_fails(
    suite: Launched, client: httpx.AsyncClient, size: Any
) -> None:
    clerk = await signed_in(client, "town-clerk")
    sign_in = {"provider": "local", "username": "resident", "password": suite.settings.demo_password}
    person = Home(suite.settings.home).read_story()[-1]
    report = {"deathDate": clock.today().isoformat(), "place": "六横敬老院"}
    calls = [
        *(Call("GET", path) for path in READS.values()),
        Call("POST", "/api/brain/auth/sign-in", sign_in),
        Call("POST", f"/api/eldercare/elders/{person['personId']}/death-report", report),
    ]
    # In another order than they were started in: door, requests and work mixed.
    names = ["gateway", "eldercare-api", "affairs-worker", "brain-api"]
    names += [name for name in suite.keepers if name not in names]
    before = {name: keeper.current.pid for name, keeper in suite.keepers.items()}
    replaced = names[: size(3, stated=len(names))]

    async with flowing(suite.address, clerk.token, calls) as traffic:
        for name in replaced:
            await suite.keepers[name].restart()

    assert traffic.failures == {}
    assert traffic.answers.total() > 50 * len(replaced)
    assert {key.split("?")[0].split(" ", 1)[1] for key in traffic.answers} == {
        f"{call.method} {call.path.split('?')[0]}" for call in calls
    }
    assert all(suite.keepers[name].current.pid != before[name] for name in replaced)


async def test_a_process_that_is_told_to_end_finishes_and_has_a_successor(
    suite: Launched, client: httpx.AsyncClient, said: list[str]
) -> None:
    clerk = await signed_in(client, "town-clerk")
    keeper = suite.keepers["relief-api"]
    first = keeper.current

    async with flowing(suite.address, clerk.token, [Call("GET", READS["relief"])]) as traffic:
        os.kill(first.pid, signal.SIGTERM)
        await first.wait_gone()
        await eventually(lambda: keeper.current is not first)
        assert await keeper.current.wait_ready()

    assert first.exit_code == 0
    assert traffic.failures == {}
    assert any(line.startswith("relief-api 正在退出 / is leaving") for line in said)


async def test_a_killed_process_is_started_again_and_its_callers_wait_for_it(
    suite: Launched, client: httpx.AsyncClient, said: list[str]
) -> None:
    clerk = await signed_in(client, "town-clerk")
    keeper = suite.keepers["charity-api"]
    killed = keeper.current

    os.kill(killed.pid, signal.SIGKILL)
    await clerk.get(READS["charity"])

    assert keeper.current is not killed
    await eventually(lambda: "charity-api 已恢复 / is back" in said)
    assert any("意外退出（-9）/ ended unexpectedly" in line for line in said)


async def test_the_dev_clock_moves_every_process(suite: Launched, client: httpx.AsyncClient) -> None:
    """A death of the day after tomorrow: eldercare's requests take it, and affairs' worker opens the case then."""
    person = Home(suite.settings.home).read_story()[-2]
    village, town = await signed_in(client, "village-clerk"), await signed_in(client, "town-clerk")
    path = f"/api/eldercare/elders/{person['personId']}/death-report"
    then = clock.real() + timedelta(days=2)
    report = {"deathDate": clock.to_business_date(then).isoformat(), "place": "示例村卫生室"}
    await village.post(path, report, status=422)

    moved = await client.post("/api/dev/clock", json={"to": then.isoformat()})
    assert moved.status_code == 200
    await village.post(path, report, status=202)
    cases: list[Any] = []

    async def opened() -> bool:
        cases[:] = (await town.get("/api/affairs/deaths", personId=person["personId"]))["items"]
        return bool(cases)

    await eventually(opened)
    assert cases[0]["openedAt"] >= then.isoformat()[:19]
    await client.post("/api/dev/clock", json={"to": clock.real().isoformat()})


async def test_workers_answer_about_their_health_only(suite: Launched) -> None:
    async with httpx.AsyncClient(base_url=suite.addresses["relief-worker"]) as worker:
        assert (await worker.get("/health/live")).status_code == 200
        assert (await worker.get("/health/ready")).status_code == 200
        assert 'puyou_outbox_oldest_seconds{service="relief"}' in (await worker.get("/metrics")).text
        assert (await worker.get("/api/relief/households")).status_code == 404


def test_each_process_holds_its_own_secrets_only(suite: Launched) -> None:
    files = {file.stem: file.read_text() for file in (suite.settings.home / "keys").iterdir()}
    assert files.keys() == {*NAMES, "gateway"}
    ring = Home(suite.settings.home).keyring(suite.settings.keyring_path, dev=True)
    person_key = ring.model_dump(mode="json")["person_key"]
    assert {name for name, content in files.items() if person_key in content} == {"brain", "affairs", "relief"}
    for keeper in suite.keepers.values():
        environment = Path(f"/proc/{keeper.current.pid}/environ").read_bytes()
        assert b"PUYOU_DATABASE_ADMIN" not in environment
        assert b"PUYOU_KEYRING_FILE" not in environment


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_no_process_outlives_a_killed_launcher(tmp_path: Path) -> None:
    """The launcher is ended with SIGKILL; what it had started ends by itself."""
    script = (
        "import asyncio, os, socket, sys\nfrom pathlib import Path\n"
        "from suite.distributed.child_process import ChildProcess\n"
        "async def main():\n"
        "    facts = {**os.environ, 'PUYOU_HOME': sys.argv[1], 'PUYOU_ENV': 'test'}\n"
        "    listener = socket.create_server(('127.0.0.1', 0))\n"
        "    child = await ChildProcess.spawn(['suite.simulators'], facts, listener, Path(sys.argv[1], 'log'))\n"
        "    assert await child.wait_ready()\n"
        "    print(child.pid, flush=True)\n"
        "    await child.wait_gone()\n"
        "asyncio.run(main())\n"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    child = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def test_a_missing_server_is_named(admin: URL) -> None:
    nowhere = Settings(env="test", database_admin="postgresql://postgres:secret@127.0.0.1:1/postgres")
    with pytest.raises(preparing.ServerMissing, match=r"no PostgreSQL at postgresql.*127\.0\.0\.1:1") as missing:
        await preparing.find_servers(nowhere)
    assert "PUYOU_DATABASE_ADMIN" in str(missing.value)
    assert "secret" not in str(missing.value)
    there = Settings(
        env="test",
        database_admin=admin.render_as_string(hide_password=False),
        broker_url="amqp://guest:secret@127.0.0.1:1/",
    )
    with pytest.raises(preparing.ServerMissing, match=r"no RabbitMQ at amqp://127\.0\.0\.1:1") as missing:
        await preparing.find_servers(there)
    assert "secret" not in str(missing.value)


async def test_migrate_makes_what_one_service_needs(admin: URL, broker_server: Broker, prefix: str) -> None:
    """As a process, the way a deployment runs it; a second run finds everything."""
    name = f"{prefix}m"
    facts = {
        "PUYOU_ENV": "prod",
        "PUYOU_DATABASE_ADMIN": admin.render_as_string(hide_password=False),
        "PUYOU_DATABASE_PREFIX": name,
        "PUYOU_DATABASE_PASSWORD": "pw",
        "PUYOU_BROKER_URL": broker_server.url,
    }
    try:
        for _ in range(2):
            migrate = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.charity", "migrate", cwd=ROOT, env={**os.environ, **facts}
            )
            assert await migrate.wait() == 0
        login = admin.set(username=f"{name}_charity_app", password="pw", database=f"{name}_charity")
        engine = create_async_engine(login)
        async with engine.connect() as connection:
            assert await connection.scalar(text("select count(*) from pg_tables where tablename = 'pairing'")) == 1
        await engine.dispose()
        assert await broker_server.waiting(name, "charity") == 0
    finally:
        await servers.drop(admin, name, ["charity"])
        await broker_server.drop(name, ["charity"])


def test_keys_for_a_deployment_are_made_once_and_refused_nowhere(tmp_path: Path) -> None:
    settings = Settings(env="prod", home=tmp_path)
    preparing.make_ring(settings)
    preparing.write_keys(settings)
    ring = settings.keyring_path.read_text()
    preparing.make_ring(settings)
    preparing.write_keys(settings)
    assert settings.keyring_path.read_text() == ring
    keys = ServiceKeys.load(settings.keys_path("charity"), dev=False)
    assert (keys.service, keys.made_for_dev, keys.person_key, keys.token_keys.signs) == ("charity", False, None, False)
