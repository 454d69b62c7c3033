"""`PUYOU_HOME`: where a suite keeps its data, its secrets, its clock and story.json."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import clock
from shared.security.keys import Keyring


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
        (self.folder / "clock.json").write_text(json.dumps({"offsetSeconds": clock.offset()}), encoding="ascii")

    def restore_clock(self) -> None:
        """Go back to the time this suite was moved to."""
        file = self.folder / "clock.json"
        if file.exists():
            clock.set_offset(float(json.loads(file.read_text(encoding="ascii"))["offsetSeconds"]))

    def write_story(self, people: list[dict[str, Any]]) -> None:
        """Leave the story's people for whoever plays it."""
        self.story_file.write_text(json.dumps(people, ensure_ascii=False, indent=1), encoding="utf-8")

    def read_story(self) -> list[dict[str, Any]]:
        """The story's people."""
        people: list[dict[str, Any]] = json.loads(self.story_file.read_text(encoding="utf-8"))
        return people
