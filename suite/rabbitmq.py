"""A RabbitMQ node of our own, when its programs are on this machine: for tests, benchmarks and a suite without a
broker. It has its own port, cookie, data and name service, and ends with the process that started it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_PLACES = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/opt/homebrew/sbin", "/usr/local/sbin")
_CHILD = Path(__file__).parent / "postgres" / "child.py"
_START_SECONDS = 90.0
_STOP_SECONDS = 20.0
_HELLO = b"AMQP\x00\x00\x09\x01"


def find_programs() -> Path | None:
    """The folder of the package's own scripts (`RABBITMQ_BIN_DIR` names it), not the wrappers that change the user."""
    for place in filter(None, (os.environ.get("RABBITMQ_BIN_DIR", ""), *_PLACES)):
        if (Path(place) / "rabbitmq-server").exists() and (Path(place) / "rabbitmqctl").exists():
            return Path(place)
    return None


class RabbitNode:
    """One node on loopback. `folder` holds everything it writes; a second node in the same folder finds the data."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        programs = find_programs()
        if programs is None:
            raise FileNotFoundError("no RabbitMQ programs on this machine")
        self._programs = programs
        self._folder = folder.absolute()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = port or _free_port()
        self._names_port, self._peers_port = _free_port(), _free_port()
        self._node: subprocess.Popen[bytes] | None = None
        self._names: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For clients."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended."""
        return self._node is not None

    @property
    def pid(self) -> int | None:
        """Process id of the node, None when there is none."""
        return self._node.pid if self._node else None

    def start(self) -> None:
        """Boot and wait until it answers; about five seconds."""
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "log.console = true\nlog.console.level = warning\nlog.file = false\ndisk_free_limit.absolute = 50MB\n",
            encoding="ascii",
        )
        for name, content in (("enabled_plugins", "[].\n"), ("env.conf", "")):
            (self._folder / name).write_text(content, encoding="ascii")
        if self._names is None:
            self._names = self._spawn("/usr/bin/env", "epmd", "-address", "127.0.0.1")
        self._node = self._spawn(str(self._programs / "rabbitmq-server"))
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"RabbitMQ did not start: {self._said()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End in order."""
        self._end(signal.SIGTERM)
        if self._names is not None:
            self._names.kill()
            self._names.wait()
            self._names = None

    def kill(self) -> None:
        """End at once, as a power cut would; `start` brings it back with what it had on disk."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Answer nobody until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def control(self, *arguments: str) -> str:
        """Run `rabbitmqctl` against this node."""
        program = str(self._programs / "rabbitmqctl")
        done = subprocess.run(
            [program, *arguments], env=self._environment(), capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def _end(self, how: signal.Signals) -> None:
        node, self._node = self._node, None
        if node is None:
            return
        node.send_signal(signal.SIGCONT)
        node.send_signal(how)
        try:
            node.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()

    def _signal(self, how: signal.Signals) -> None:
        if self._node is None:
            raise RuntimeError("the node does not run")
        self._node.send_signal(how)

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        opened = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        facts = (os.getpid(), -1, -1, opened, self._folder)
        try:
            with (self._folder / "log").open("ab") as log:
                return subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_CHILD), *map(str, facts), *command],
                    pass_fds=[opened],
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        finally:
            os.close(opened)

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),  # the cookie lies there
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the node, no shell stands between
            "RABBITMQ_SERVER_START_ARGS": "+Bd",  # and an interrupt, sent when we are gone, ends it
            "ERL_EPMD_PORT": str(self._names_port),
            "RABBITMQ_NODENAME": self._name(),
            "RABBITMQ_DIST_PORT": str(self._peers_port),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _name(self) -> str:
        """The data belong to a node's name."""
        file = self._folder / "name"
        if not file.exists():
            file.write_text(f"puyou-{secrets.token_hex(4)}@localhost", encoding="ascii")
        return file.read_text(encoding="ascii")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.settimeout(5)
                client.sendall(_HELLO)
                return client.recv(1) == b"\x01"
        except OSError:
            return False

    def _said(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
