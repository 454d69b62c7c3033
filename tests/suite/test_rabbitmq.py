"""The broker node of our own ends with whoever started it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from suite.rabbitmq import find_programs
from tests.broker import eventually

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_programs() is None, reason="needs the programs of RabbitMQ"),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone"),
]

STARTS_A_NODE = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does to what it starts in the background
from suite.rabbitmq import RabbitNode
RabbitNode(Path(sys.argv[1])).start()
print("started", flush=True)
time.sleep(600)
"""


async def test_a_node_ends_with_its_killed_parent_also_in_the_background(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_NODE, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    try:
        assert parent.stdout.readline() == "started\n"
        assert running_from(tmp_path)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.communicate()
    await eventually(lambda: not running_from(tmp_path))


def running_from(folder: Path) -> list[str]:
    """Processes, the name service too, whose environment names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"RABBITMQ_MNESIA_BASE={folder}/".encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found
