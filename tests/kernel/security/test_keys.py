"""Who may hold which secret, and how secrets reach a process."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.security.keys import Keyring, KeySet, KeysUnusableError, Rotatable, ServiceKeys, SigningKeys

KINDS: tuple[Rotatable, ...] = ("field_keys", "index_keys", "token_keys", "audit_keys")


@pytest.fixture
def ring() -> Keyring:
    return Keyring.generate(dev=False)


def test_a_service_gets_no_more_than_it_asks_for(ring: Keyring) -> None:
    least = ring.for_service("relief")
    assert least.person_key is None
    assert not least.token_keys.private
    assert not least.audit_keys.private
    most = ring.for_service("brain", derives_person_ids=True, signs_tokens=True, seals_audit=True)
    assert most.person_key == ring.person_key
    assert most.token_keys.signs
    assert most.audit_keys.signs


def test_the_view_of_a_service_holds_nothing_of_the_ring_or_of_others(ring: Keyring) -> None:
    texts = [ring.for_service(name, seals_audit=True).to_text() for name in ("relief", "affairs")]
    roots = [key for kind in KINDS for key in json.loads(ring.to_text())[kind]["keys"].values()] + [
        json.loads(ring.to_text())["person_key"]
    ]
    assert len(roots) == 5
    for text in texts:
        assert not [root for root in roots if root in text]
    relief, affairs = (ServiceKeys.from_text(text, dev=False) for text in texts)
    assert relief.field_keys != affairs.field_keys
    assert relief.index_keys != affairs.index_keys
    assert relief.field_keys.keys != relief.index_keys.keys
    assert relief.audit_keys.private.items().isdisjoint(affairs.audit_keys.private.items())
    assert relief.token_keys == affairs.token_keys


def test_views_are_the_same_in_every_process(ring: Keyring) -> None:
    again = Keyring.from_text(ring.to_text(), dev=False)
    assert again == ring
    assert again.for_service("relief", seals_audit=True) == ring.for_service("relief", seals_audit=True)


def test_verifying_needs_no_private_key(ring: Keyring) -> None:
    signer = ring.for_service("brain", signs_tokens=True).token_keys
    reader = ring.for_service("relief").token_keys
    signature = signer.sign(b"message")
    assert reader.verify(signer.current, b"message", signature)
    assert not reader.verify(signer.current, b"massage", signature)
    assert not reader.verify("another", b"message", signature)
    with pytest.raises(KeysUnusableError):
        reader.sign(b"message")


@pytest.mark.parametrize("kind", KINDS)
def test_rotation_in_three_steps(ring: Keyring, kind: Rotatable) -> None:
    first: KeySet = getattr(ring, kind)
    learnt = ring.added(kind)
    rotated = learnt.switched(kind)
    added: KeySet = getattr(learnt, kind)
    assert added.current == first.current
    assert added.keys.items() > first.keys.items()
    switched: KeySet = getattr(rotated, kind)
    assert switched.current == 2
    assert switched.keys == added.keys
    dropped: KeySet = getattr(rotated.dropped(kind), kind)
    assert dropped.keys == {2: added.keys[2]}
    assert learnt.dropped(kind) == learnt  # never the current one, nor a coming one
    others = {other for other in KINDS if other != kind} | {"person_key"}
    assert all(getattr(rotated, other) == getattr(ring, other) for other in others)


def test_a_signature_outlives_the_rotation(ring: Keyring) -> None:
    old = ring.for_service("brain", signs_tokens=True).token_keys
    rotated = ring.added("token_keys").switched("token_keys").for_service("relief").token_keys
    assert rotated.current != old.current
    assert rotated.verify(old.current, b"message", old.sign(b"message"))


def test_dev_makes_its_own_file_once(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keyring.json"
    ring = Keyring.load(path, dev=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring.load(path, dev=True) == ring
    assert [entry.name for entry in path.parent.iterdir()] == ["keyring.json"]


def test_processes_starting_together_agree(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    with ThreadPoolExecutor(8) as threads:
        rings = list(threads.map(lambda _: Keyring.load(path, dev=True), range(32)))
    assert all(ring == rings[0] for ring in rings)


def test_elsewhere_missing_keys_stop_the_start(tmp_path: Path) -> None:
    for kind in (Keyring, ServiceKeys):
        with pytest.raises(KeysUnusableError):
            kind.load(tmp_path / "keyring.json", dev=False)
    with pytest.raises(KeysUnusableError):
        ServiceKeys.load(tmp_path / "relief.json", dev=True)  # a view is cut from a ring, never made up
    assert not list(tmp_path.iterdir())


def test_keys_of_dev_are_refused_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    ring = Keyring.load(path, dev=True)
    with pytest.raises(KeysUnusableError, match="development"):
        Keyring.load(path, dev=False)
    with pytest.raises(KeysUnusableError, match="development"):
        ServiceKeys.load(path, dev=False, text=ring.for_service("relief").to_text())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_file_open_to_others_is_refused(tmp_path: Path, ring: Keyring, mode: int) -> None:
    path = tmp_path / "keyring.json"
    ring.to_new_file(path)
    assert Keyring.load(path, dev=False) == ring
    path.chmod(mode)
    with pytest.raises(KeysUnusableError, match="0600"):
        Keyring.load(path, dev=False)


def test_the_file_is_never_written_over(tmp_path: Path, ring: Keyring) -> None:
    path = tmp_path / "keyring.json"
    ring.to_new_file(path)
    with pytest.raises(FileExistsError):
        Keyring.generate(dev=False).to_new_file(path)
    assert Keyring.load(path, dev=False) == ring
    assert list(tmp_path.iterdir()) == [path]


def test_from_the_environment(tmp_path: Path, ring: Keyring) -> None:
    assert Keyring.load(tmp_path / "absent", dev=False, text=ring.to_text()) == ring


def test_no_secret_in_reprs_and_errors(ring: Keyring) -> None:
    view = ring.for_service("brain", derives_person_ids=True, signs_tokens=True)
    content = json.loads(ring.to_text())
    content["field_keys"]["keys"]["1"] += "AAAA"
    with pytest.raises(KeysUnusableError) as caught:
        Keyring.from_text(json.dumps(content), dev=False)
    shown = repr(caught.value) + repr(caught.value.__context__) + repr(ring) + str(view) + f"{view.field_keys!r}"
    for secret in (content["person_key"], content["field_keys"]["keys"]["1"][:20], repr(ring.person_key)):
        assert secret not in shown


@pytest.mark.parametrize("text", ["", "{}", "null", "[]", '{"made_for_dev": false}'])
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(KeysUnusableError):
        Keyring.from_text(text, dev=True)


def test_a_current_key_that_is_not_held_is_refused() -> None:
    with pytest.raises(ValueError):
        KeySet(current=2, keys={1: bytes(32)})
    with pytest.raises(ValueError):
        SigningKeys(current="a", public={"b": bytes(32)})
    with pytest.raises(ValueError):
        KeySet(current=1, keys={1: bytes(16)})
