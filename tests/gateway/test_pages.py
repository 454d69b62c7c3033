"""The door's own pages: health, metrics, documents; and its log."""

import asyncio
import json
import logging
import re
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR, OPENAPI_31_VALIDATOR

from gateway import HttpUpstream, Policy
from gateway.access_log import BATCH_SECONDS
from gateway.metrics import route_label
from shared.observability.logs import JsonLines
from tests.gateway.conftest import Open
from tests.gateway.service import a_service
from tests.gateway.stand import a_gateway, bearer, free_port, upstream


# ── health ───────────────────────────────────────────────────────────────────────────────────────
async def test_live_asks_nobody(open_gateway: Open) -> None:
    client = await open_gateway(a_gateway({"relief": HttpUpstream(f"http://127.0.0.1:{free_port()}")}))
    assert (await client.get("/health/live")).json() == {"status": "ok"}


async def test_ready_when_every_service_is(door: httpx.AsyncClient) -> None:
    answer = await door.get("/health/ready")
    assert (answer.status_code, answer.json()["services"]) == (200, {"relief": "ok"})


async def test_not_ready_names_who_is_missing(service: FastAPI, open_gateway: Open) -> None:
    tired, asleep = FastAPI(), FastAPI()

    @tired.get("/health/ready")
    async def wait() -> None:
        await asyncio.sleep(5)

    gateway = a_gateway(
        {
            "relief": upstream("asgi", service, ""),
            "brain": HttpUpstream(f"http://127.0.0.1:{free_port()}"),
            "charity": upstream("asgi", tired, ""),
            "affairs": upstream("asgi", asleep, ""),
        },
        ready_seconds=0.2,
    )
    client = await open_gateway(gateway)
    async with asyncio.timeout(1):
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["services"] == {"relief": "ok", "brain": "down", "charity": "slow", "affairs": "not_ready"}


async def test_asking_often_asks_the_services_once(open_gateway: Open) -> None:
    app, asked = FastAPI(), []

    @app.get("/health/ready")
    async def ready() -> None:
        asked.append(1)

    client = await open_gateway(a_gateway({"relief": upstream("asgi", app, "")}))
    await asyncio.gather(*(client.get("/health/ready") for _ in range(50)))
    assert len(asked) == 1


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/openapi.json", "/docs"])
async def test_pages_are_read_only(door: httpx.AsyncClient, path: str) -> None:
    answer = await door.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


# ── metrics ──────────────────────────────────────────────────────────────────────────────────────
async def metrics_of(client: httpx.AsyncClient) -> dict[str, dict[tuple[str, ...], float]]:
    """Samples by name and label values (sorted by label)."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families((await client.get("/metrics")).text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


async def test_calls_are_counted_by_route_template(door: httpx.AsyncClient, kind: str) -> None:
    secret = f"p1{kind}secret"
    for _ in range(3):
        await door.get(f"/api/relief/dressed/{secret}", headers=bearer())
    await door.get(f"/api/relief/{secret}", headers=bearer())
    counted = await metrics_of(door)
    calls = counted["puyou_gateway_requests_total"]
    assert calls["GET", "/api/relief/dressed/{item_id}", "2xx", "relief"] >= 3
    assert calls["GET", "none", "4xx", "relief"] >= 1
    assert counted["puyou_gateway_request_seconds_count"]["GET", "/api/relief/dressed/{item_id}", "relief"] >= 3
    assert counted["puyou_gateway_in_flight"]["relief",] == 0
    assert not any(secret in value for labels in calls for value in labels)


async def test_a_mounted_service_need_not_name_its_routes(open_gateway: Open) -> None:
    app = FastAPI()

    @app.get("/api/relief/unnamed/{item_id}")
    async def unnamed(item_id: str) -> None:
        """Answer without a header of its own."""

    client = await open_gateway(a_gateway({"relief": upstream("asgi", app, "")}))
    await client.get("/api/relief/unnamed/p1secret", headers=bearer())
    counted = (await metrics_of(client))["puyou_gateway_requests_total"]
    assert counted["GET", "/api/relief/unnamed/{item_id}", "2xx", "relief"] == 1


async def test_refusals_and_failures_are_counted(service: FastAPI, open_gateway: Open) -> None:
    gateway = a_gateway(
        {
            "relief": upstream("asgi", service, "", Policy(first_byte=0.05)),
            "brain": HttpUpstream(f"http://127.0.0.1:{free_port()}"),
        },
        account_rate="3/minute",
    )
    client = await open_gateway(gateway)
    before = await metrics_of(client)
    for path in ("/api/relief/slow?seconds=1", "/api/relief/crash", "/api/brain/x", "/api/brain/x"):
        await client.get(path, headers=bearer("counted"))
    after = await metrics_of(client)

    def risen(name: str, *labels: str) -> float:
        return after[name][labels] - before.get(name, {}).get(labels, 0)

    assert risen("puyou_gateway_upstream_errors_total", "timeout", "relief") == 1
    assert risen("puyou_gateway_upstream_errors_total", "failed", "relief") == 1
    assert risen("puyou_gateway_upstream_errors_total", "unreachable", "brain") == 1
    assert risen("puyou_gateway_rate_limited_total", "account") == 1


async def test_metrics_are_not_there_for_strangers(service: FastAPI, open_gateway: Open) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    for address, status in (("127.0.0.1", 200), ("10.1.2.3", 200), ("::1", 200), ("192.0.2.1", 404), ("", 404)):
        client = await open_gateway(gateway, client=(address, 1))
        assert (await client.get("/metrics")).status_code == status


def test_route_labels_are_bounded() -> None:
    assert route_label("relief", "x" * 300) == "other"
    labels = {route_label("bounded", f"/r/{number}") for number in range(5_000)}
    assert "other" in labels
    assert len(labels) <= 2_001


# ── documents ────────────────────────────────────────────────────────────────────────────────────
async def test_the_merged_document_is_valid_openapi(door: httpx.AsyncClient) -> None:
    document = (await door.get("/openapi.json")).json()
    OPENAPI_31_VALIDATOR.validate(document)
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) >= {"/api/relief/items", "/api/relief/auth/sign-in"}
    assert document["security"] == [{"bearer": []}]
    assert document["paths"]["/api/relief/auth/sign-in"]["post"]["security"] == []
    assert "401" in document["paths"]["/api/relief/items"]["get"]["responses"]
    OPENAPI_30_VALIDATOR.validate((await door.get("/docs/openapi.json")).json())


async def test_a_service_that_is_down_is_named_and_the_others_told(service: FastAPI, open_gateway: Open) -> None:
    async def nonsense(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"[]"})  # type: ignore[operator]

    gateway = a_gateway(
        {
            "relief": upstream("asgi", service, ""),
            "brain": HttpUpstream(f"http://127.0.0.1:{free_port()}"),
            "charity": upstream("asgi", nonsense, ""),
        }
    )
    client = await open_gateway(gateway)
    document = (await client.get("/openapi.json")).json()
    assert document["x-missing-services"] == ["brain", "charity"]
    assert "brain、charity" in document["info"]["description"]
    assert "/api/relief/items" in document["paths"]
    OPENAPI_31_VALIDATOR.validate(document)


async def test_the_document_is_kept_for_a_short_life(open_gateway: Open) -> None:
    app, asked = a_service(), []

    async def counting(scope: dict[str, str], receive: object, send: object) -> None:
        asked.append(scope["path"])
        await app(scope, receive, send)  # type: ignore[arg-type]

    gateway = a_gateway({"relief": upstream("asgi", counting, "")}, documents_seconds=60.0)  # type: ignore[arg-type]
    client = await open_gateway(gateway)
    await asyncio.gather(*(client.get("/openapi.json") for _ in range(20)))
    assert asked == ["/openapi.json"]


class Links(HTMLParser):
    """Everything a page loads or points to, and every script or style written into it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]
        self.inline += sum(name.startswith("on") or name == "style" for name, _ in attrs)
        self.inline += tag == "style" or (tag == "script" and "src" not in dict(attrs))


async def test_the_docs_page_loads_from_its_own_host_only(door: httpx.AsyncClient) -> None:
    page = await door.get("/docs")
    links = Links()
    links.feed(page.text)
    assert len(links.found) >= 4
    assert links.inline == 0
    for link in links.found:
        assert re.fullmatch(r"/[a-z0-9./-]+", link)
        assert not link.startswith("//")
        answer = await door.get(link)
        assert answer.status_code == 200, link
        assert answer.headers["x-content-type-options"] == "nosniff"
    start = (await door.get("/docs/start.js")).text
    assert set(re.findall(r'url: "([^"]*)"', start, re.IGNORECASE)) == {"/docs/openapi.json"}
    assert "validatorUrl: null" in start
    assert "http" not in start
    css = (await door.get("/docs/swagger-ui.css")).text
    assert not re.findall(r"@import|url\((?!data:|\"data:|'data:)", css)


async def test_the_docs_page_has_a_strict_policy(door: httpx.AsyncClient) -> None:
    policy = (await door.get("/docs")).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


# ── log ──────────────────────────────────────────────────────────────────────────────────────────
async def test_a_call_is_one_json_line_without_anything_personal(
    door: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "puyou.gateway.access"):
        answer = await door.post(
            "/api/relief/echo/p1personkey?name=secret-name",
            content=b"secret-body",
            headers={**bearer("account-9"), "x-any": "secret-header"},
        )
        await door.get("/health/live")
        await asyncio.sleep(1.5 * BATCH_SECONDS)
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "puyou.gateway.access"]
    assert len(lines) == 1, "probes are not logged"
    line = json.loads(lines[0])
    assert line["requestId"] == answer.headers["x-request-id"]
    assert (line["method"], line["upstream"], line["status"]) == ("POST", "relief", 200)
    assert line["route"].endswith("/echo/{item_id}") or line["route"] == "none"
    assert line["account"] == "account-9"
    assert 0 < line["ms"] < 5_000
    assert "secret" not in lines[0]
    assert "p1personkey" not in lines[0]


async def test_nothing_a_gateway_logs_names_what_was_asked(
    door: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await door.get("/api/relief/failing?kind=plain&name=secret-name", headers=bearer())
        await door.get("/api/relief/echo/p1personkey?name=secret-name")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("puyou.gateway")]
    assert ours
    assert not any("secret-name" in line or "p1personkey" in line for line in ours)
