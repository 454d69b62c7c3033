"""docker-compose.yml, Dockerfile and prometheus.yml against the specification and against the code. Nobody here has a
container engine, so what an engine would complain about is looked for by hand."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from compose_spec import PyCompose
from pydantic_settings import BaseSettings

from gateway.settings import GatewaySettings
from shared.process.serving import FINISH_SECONDS, KEEP_ALIVE_SECONDS
from shared.settings import Settings
from suite.__main__ import main
from suite.compose import NAMES, SERVICES
from suite.distributed.topology import APIS, GATEWAY, SIMULATORS, WORKERS, processes, upstreams
from suite.simulators.departments import departments_app

pytestmark = pytest.mark.deploy

ROOT = Path(__file__).parents[2]
SERVERS = {"postgres", "rabbitmq", "prometheus"}
ONCE = {*(f"{name}-migrate" for name in NAMES), "seed"}


def filled(content: str) -> str:
    """Variables replaced by their defaults; one without a default stays and is found."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", content)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(filled((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    return document


@pytest.fixture(scope="module")
def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The containers of our own image."""
    return {name: one for name, one in compose["services"].items() if name not in SERVERS}


def instruction(word: str) -> list[str]:
    """The arguments of this instruction in the last stage of the Dockerfile."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return [line.split(" ", 1)[1].strip() for line in lines[last:] if line.startswith(f"{word} ")]


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in instruction("ENV") for pair in line.split())


# ── the specification ────────────────────────────────────────────────────────────────────────────


def test_the_file_is_what_the_specification_wants(compose: dict[str, Any]) -> None:
    read = PyCompose.from_json(json.dumps(compose))
    assert set(read.service_names()) == SERVERS | ONCE | {process.name for process in processes()}


def test_the_specification_is_asked_in_earnest(compose: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(compose))
    broken["services"]["gateway"]["depends_on"]["seed"]["condition"] = "service_finished"
    with pytest.raises(ValueError, match="service_finished"):
        PyCompose.from_json(json.dumps(broken))


def test_whatever_is_named_is_there(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        for other, how in one.get("depends_on", {}).items():
            assert other in compose["services"], name
            awaited = compose["services"][other]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in awaited, (name, other)
            else:
                assert how["condition"] == "service_completed_successfully"
                assert awaited["restart"] == "no", (name, other)
        for volume in one.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).is_file(), (name, volume)
        for secret in one.get("secrets", []):
            assert (secret if isinstance(secret, str) else secret["source"]) in compose["secrets"], name
    assert "${" not in json.dumps(compose)


# ── against the code ─────────────────────────────────────────────────────────────────────────────


def test_the_processes_are_those_of_make_distributed(ours: dict[str, dict[str, Any]]) -> None:
    for process in processes():
        assert ours[process.name]["command"] == [process.module, *process.arguments]
    assert ours.keys() - {process.name for process in processes()} == ONCE


def test_every_command_can_be_run(ours: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert instruction("ENTRYPOINT") == ['["python", "-m"]']
    for name, one in [*ours.items(), ("Dockerfile", {"command": json.loads(instruction("CMD")[0])})]:
        module, *arguments = one["command"]
        assert find_spec(f"{module}.__main__"), name
        if module.startswith("services."):
            assert module.removeprefix("services.") in NAMES
            assert arguments in (["api"], ["worker"], ["migrate"]), name
        elif module == "suite":
            with pytest.raises(SystemExit):
                main([*arguments, "--help"])
            assert f"suite {arguments[0]}" in capsys.readouterr().out
        else:
            assert arguments == [], name


def test_the_image_holds_every_package_a_command_needs(ours: dict[str, dict[str, Any]]) -> None:
    copied = {line.split()[0] for line in instruction("COPY") if not line.startswith("--from")}
    assert copied == {"gateway", "services", "shared", "suite"}
    let_in = {
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert let_in == copied | {"requirements.lock"}
    assert {one["command"][0].split(".")[0] for one in ours.values()} <= copied


def test_every_environment_key_is_a_setting_and_every_value_is_accepted(
    ours: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {**keys_of(Settings), **keys_of(GatewaySettings)}
    assert {key for key in image_environment() if key.startswith("PUYOU_")} <= known.keys()
    for name, one in ours.items():
        unknown = one["environment"].keys() - known.keys()
        assert not unknown, (name, unknown)
        with monkeypatch.context() as patched:
            for key, value in (image_environment() | one["environment"]).items():
                patched.setenv(key, str(value))
            Settings()
            GatewaySettings()


def keys_of(settings: type[BaseSettings]) -> dict[str, str]:
    prefix = settings.model_config["env_prefix"]
    return {f"{prefix}{name.upper()}": name for name in settings.model_fields}


def test_each_process_is_told_what_it_needs_and_no_more(ours: dict[str, dict[str, Any]]) -> None:
    served = {process.name for process in (*APIS, *WORKERS)}
    database = {f"PUYOU_DATABASE_{what}" for what in ("HOST", "PORT", "PREFIX", "PASSWORD")}
    for name, one in ours.items():
        told = one["environment"].keys()
        assert (database | {"PUYOU_BROKER_URL"} <= told) == (name in served | ONCE), name
        assert ("PUYOU_DATABASE_ADMIN" in told) == (name in ONCE), name
        assert ("PUYOU_KEYS_FILE" in told) == (name in served | {GATEWAY.name}), name
        assert ("PUYOU_KEYRING_FILE" in told) == (name == "seed"), name
        assert ("PUYOU_GATEWAY_UPSTREAMS" in told) == (name == GATEWAY.name), name
    calling = [spec.name for spec in SERVICES if spec.calls_outside]
    assert [name for name, one in ours.items() if "PUYOU_DEPARTMENTS_URL" in one["environment"]] == [
        f"{name}-worker" for name in calling
    ]


def test_each_process_is_given_its_own_keys_only(compose: dict[str, Any], ours: dict[str, dict[str, Any]]) -> None:
    for process in processes():
        secrets = ours[process.name].get("secrets", [])
        if process is SIMULATORS:
            assert secrets == []
            continue
        owner = process.module.removeprefix("services.")
        assert secrets == [{"source": f"{owner}-keys", "target": "keys"}]
        assert ours[process.name]["environment"]["PUYOU_KEYS_FILE"] == "/run/secrets/keys"
        assert compose["secrets"][f"{owner}-keys"]["file"] == f"./.puyou/keys/{owner}.json"
    assert compose["secrets"]["keyring"]["file"] == "./.puyou/keyring.json"


def test_addresses_and_ports_meet(compose: dict[str, Any], ours: dict[str, dict[str, Any]]) -> None:
    port = image_environment()["PUYOU_PORT"]
    assert instruction("EXPOSE") == [port]
    assert {one["environment"]["PUYOU_PORT"] for one in ours.values()} == {port}
    assert {one["environment"]["PUYOU_HOST"] for one in ours.values()} == {"0.0.0.0"}  # noqa: S104
    assert ours[GATEWAY.name]["ports"] == [f"8080:{port}"]
    behind = json.loads(ours[GATEWAY.name]["environment"]["PUYOU_GATEWAY_UPSTREAMS"])
    assert behind == upstreams({process.name: f"http://{process.name}:{port}" for process in processes()})
    for name, one in ours.items():
        told = one["environment"]
        if "PUYOU_DATABASE_HOST" in told:
            assert (told["PUYOU_DATABASE_HOST"], told["PUYOU_DATABASE_PORT"]) == ("postgres", "5432"), name
            broker = compose["services"]["rabbitmq"]["environment"]
            user, password = broker["RABBITMQ_DEFAULT_USER"], broker["RABBITMQ_DEFAULT_PASS"]
            assert told["PUYOU_BROKER_URL"] == f"amqp://{user}:{password}@rabbitmq:5672/"
        if "PUYOU_DATABASE_ADMIN" in told:
            password = compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
            assert told["PUYOU_DATABASE_ADMIN"] == f"postgresql://postgres:{password}@postgres:5432/postgres"
    told = {one["environment"].get("PUYOU_DEPARTMENTS_URL") for one in ours.values()} - {None}
    assert told == {f"http://{SIMULATORS.name}:{port}/simulators/departments"}
    paths = {route.path for route in departments_app().routes if hasattr(route, "path")}
    assert "/simulators/departments/{department}/{operation}" in paths


def test_health_is_asked_where_it_is_answered(ours: dict[str, dict[str, Any]]) -> None:
    """tests/faults/test_processes.py asks real processes the same."""
    for process in processes():
        program, flag, code = ours[process.name]["healthcheck"]["test"][1:]
        assert (program, flag) == ("python", "-c")
        compile(code, process.name, "exec")
        assert f"http://127.0.0.1:{image_environment()['PUYOU_PORT']}/health/ready" in code


def test_nobody_publishes_before_every_queue_is_there(ours: dict[str, dict[str, Any]]) -> None:
    migrations = {f"{name}-migrate" for name in NAMES}
    for process in (*APIS, *WORKERS):
        awaited = ours[process.name]["depends_on"]
        assert migrations <= {
            name for name, how in awaited.items() if how["condition"] == "service_completed_successfully"
        }
    assert {process.name for process in APIS} <= ours[GATEWAY.name]["depends_on"].keys()


def test_containers_may_finish_what_they_have_in_hand(ours: dict[str, dict[str, Any]]) -> None:
    assert instruction("STOPSIGNAL") == ["SIGTERM"]
    for process in processes():
        patience = int(ours[process.name]["stop_grace_period"].removesuffix("s"))
        assert patience > KEEP_ALIVE_SECONDS + FINISH_SECONDS + 10  # and the standing work's last batch


def test_containers_have_no_more_rights_than_they_need(ours: dict[str, dict[str, Any]]) -> None:
    assert instruction("USER") == ["10001"]
    for process in processes():
        one = ours[process.name]
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert one["volumes"] == [f"home:{image_environment()['PUYOU_HOME']}"]


def test_prometheus_asks_every_process_that_has_metrics(compose: dict[str, Any]) -> None:
    scraped = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yml").read_text(encoding="utf-8"))
    targets = [
        target for job in scraped["scrape_configs"] for group in job["static_configs"] for target in group["targets"]
    ]
    assert len(targets) == len(set(targets))
    port = image_environment()["PUYOU_PORT"]
    assert set(targets) == {f"{process.name}:{port}" for process in processes() if process is not SIMULATORS}
    assert {job.get("metrics_path", "/metrics") for job in scraped["scrape_configs"]} == {"/metrics"}
    mounted = compose["services"]["prometheus"]["volumes"][0]
    assert mounted == "./deploy/monitoring/prometheus.yml:/etc/prometheus/prometheus.yml:ro"


def test_the_environments_named_are_those_there_are() -> None:
    assert image_environment()["PUYOU_ENV"] in get_args(Settings.model_fields["env"].annotation)
