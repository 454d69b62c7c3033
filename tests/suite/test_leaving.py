"""How a process leaves: what a caller with an open connection sees of it. The smallest process there is plays."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from suite.distributed.child_process import ROOT


@contextmanager
def process(home: Path, *, is_inherited: bool) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """`python -m suite.simulators`, its port and the pipe it speaks on; ready."""
    heard, said = os.pipe()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    place = {"PUYOU_LISTEN_FD": str(listener.fileno())} if is_inherited else {"PUYOU_PORT": str(port)}
    if not is_inherited:
        listener.close()
    running = subprocess.Popen(
        [sys.executable, "-m", "suite.simulators"],
        cwd=ROOT,
        env={**os.environ, **place, "PUYOU_ENV": "test", "PUYOU_HOME": str(home), "PUYOU_STATUS_FD": str(said)},
        pass_fds=[said, listener.fileno()] if is_inherited else [said],
    )
    os.close(said)
    try:
        assert os.read(heard, 100) == b"ready\n"
        yield running, port, heard
    finally:
        running.kill()
        running.wait()
        os.close(heard)
        listener.close()


@pytest.mark.parametrize("is_inherited", [True, False], ids=["inherited socket", "own socket"])
def test_a_leaving_process_ends_its_connections_in_order(tmp_path: Path, is_inherited: bool) -> None:
    with process(tmp_path, is_inherited=is_inherited) as (running, port, heard), ExitStack() as stack:
        idle, used, late = (
            stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10))) for _ in range(3)
        )
        for line in (idle, used):
            line.request("GET", "/health/ready")
            answer = line.getresponse()
            assert (answer.status, answer.getheader("connection")) == (200, None)
            answer.read()

        running.send_signal(signal.SIGTERM)
        assert os.read(heard, 100) == b"leaving\n"

        used.request("GET", "/health/ready")
        answer = used.getresponse()
        assert (answer.status, answer.getheader("connection")) == (503, "close")
        answer.read()
        idle.request("POST", "/simulators/departments/police/cancel_registration", '{"callId": "c1"}')
        answer = idle.getresponse()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        answer.read()
        assert running.wait(15) == 0
        if is_inherited:
            late.connect()  # nobody serves, and the kernel still takes it: whoever started the process holds the socket


def test_a_process_told_twice_leaves_once(tmp_path: Path) -> None:
    with process(tmp_path, is_inherited=True) as (running, _, heard):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            running.send_signal(number)
        assert running.wait(15) == 0
        assert os.read(heard, 100) == b"leaving\n"
