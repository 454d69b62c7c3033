"""`PUYOU_HOME`: where a suite keeps its data, its secrets, its clock and story.json."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.process import moved_clock
from shared.security.keys import Keyring, ServiceKeys


@dataclass(frozen=True, slots=True)
class Home:
    """One suite's folder; two homes are two suites that know nothing of each other."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder; only its owner may look inside."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def story_file(self) -> Path:
        """People the story is played with."""
        return self.folder / "story.json"

    def keyring(self, path: Path, *, dev: bool) -> Keyring:
        """The secrets; made at first start in dev, refused elsewhere when missing."""
        return Keyring.load(path, dev=dev)

    def database_password(self) -> str:
        """The logins' password, made at first start."""
        file = self.folder / "database-password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24), encoding="ascii")
        return file.read_text(encoding="ascii").strip()

    def keep_clock(self) -> None:
        """A suite that was moved to another time is there again after a restart."""
        moved_clock.keep(self.folder)

    def restore_clock(self) -> None:
        """Go back to the time this suite was moved to."""
        moved_clock.restore(self.folder)

    def write_keys(self, views: Iterable[ServiceKeys]) -> None:
        """Each process's own part of the secrets, `keys/<service>.json`; what was there is written again."""
        folder = self.folder / "keys"
        folder.mkdir(mode=0o700, exist_ok=True)
        for view in views:
            file = folder / f"{view.service}.json"
            file.unlink(missing_ok=True)
            view.to_new_file(file)

    def empty_logs(self, names: Iterable[str]) -> dict[str, Path]:
        """A file for what each process prints, emptied at start."""
        folder = self.folder / "logs"
        folder.mkdir(exist_ok=True)
        files = {name: folder / f"{name}.log" for name in names}
        for file in files.values():
            file.write_bytes(b"")
        return files

    def write_story(self, people: list[dict[str, Any]]) -> None:
        """Leave the story's people for whoever plays it."""
        self.story_file.write_text(json.dumps(people, ensure_ascii=False, indent=1), encoding="utf-8")

    def read_story(self) -> list[dict[str, Any]]:
        """The story's people."""
        people: list[dict[str, Any]] = json.loads(self.story_file.read_text(encoding="utf-8"))
        return people
