"""The auditor's part: every service's log is exported and verified by the standalone program."""

import asyncio
import sys
import tempfile
from pathlib import Path

from suite.story.people import Actor, UnexpectedAnswer

SERVICES = ("brain", "eldercare", "relief", "charity", "affairs")
_VERIFIER = Path(__file__).resolve().parents[2] / "tools" / "verify_audit.py"


async def verify_logs(auditor: Actor) -> list[tuple[str, int]]:
    """(service, number of rows) of logs that verified; raises on the first that does not."""
    found = []
    for service in SERVICES:
        export = await auditor.get(f"/api/{service}/operations/audit/export")
        keys = await auditor.get(f"/api/{service}/operations/audit/keys")
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / "export.jsonl", Path(folder) / "keys.json"]
            for path, content in zip(paths, (export, keys), strict=True):
                path.write_text(content, encoding="utf-8")
            program = await asyncio.create_subprocess_exec(
                sys.executable,
                str(_VERIFIER),
                *map(str, paths),
                "--allow-unsigned",
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await program.communicate()
        if program.returncode != 0:
            raise UnexpectedAnswer(f"{service}: the audit log does not verify: {said.decode()[:400]}")
        found.append((service, export.count('"kind":"row"')))
    return found
