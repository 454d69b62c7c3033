"""The secrets of a deployment, and the part of them one service may hold.

A `Keyring` is made once and kept outside the database, in a JSON file of mode 0600 or an environment
variable. A process works with a `ServiceKeys`, cut out of it for one service: its own field and index
keys, derived so that they open no other service's data, and only those further secrets its work needs. In
one process the suite cuts the views itself; with a process per service each gets a file with its own view
and none holds the whole ring.

Rotation never needs a stop: `added` (everyone learns the new key) → `switched` (new values use it) →
values are resealed → `dropped` (the old key is forgotten). The person key is the exception: `person_id` is
opaque once issued and the same in every database, so its key never changes (design §4).
"""

import os
import secrets
import stat
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from shared.security.crypto import hmac_sm3, sm3

KEY_BYTES: Final = 32
MAX_KEY_ID: Final = 0xFFFF  # a sealed value names its key in two bytes


class KeysUnusableError(RuntimeError):
    """The secrets are missing, readable by others, malformed, or made for development. Stops the start."""


def _bytes_of(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


Key = Annotated[
    bytes,
    BeforeValidator(_bytes_of),
    PlainSerializer(lambda key: b64encode(key).decode(), return_type=str, when_used="json"),
    Field(min_length=KEY_BYTES, max_length=KEY_BYTES),
]
KeyId = Annotated[int, Field(ge=1, le=MAX_KEY_ID)]
Rotatable = Literal["field_keys", "index_keys", "token_keys", "audit_keys"]


class _Secret(BaseModel):
    # Neither a repr nor a validation error may print a key.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class KeySet(_Secret):
    """Symmetric keys by id; new values use `current`, older values name the key they were sealed with."""

    current: KeyId
    keys: dict[KeyId, Key]

    @model_validator(mode="after")
    def _current_is_held(self) -> Self:
        if self.current not in self.keys:
            raise ValueError("the current key is not among the keys")
        return self

    @classmethod
    def generate(cls) -> Self:
        """One fresh key with id 1."""
        return cls(current=1, keys={1: secrets.token_bytes(KEY_BYTES)})

    def derived(self, purpose: str) -> "KeySet":
        """The same ids with keys derived for `purpose`; knowing one tells nothing of another."""
        return KeySet(current=self.current, keys={i: hmac_sm3(key, purpose.encode()) for i, key in self.keys.items()})

    def added(self) -> "KeySet":
        """With one more key, not yet used for new values."""
        return KeySet(current=self.current, keys={**self.keys, max(self.keys) + 1: secrets.token_bytes(KEY_BYTES)})

    def switched(self) -> "KeySet":
        """With the newest key used for new values."""
        return KeySet(current=max(self.keys), keys=self.keys)

    def dropped(self) -> "KeySet":
        """Without the keys that are older than the current one."""
        return KeySet(current=self.current, keys={i: key for i, key in self.keys.items() if i >= self.current})


class SigningKeys(_Secret):
    """Ed25519 keys: private halves only where signing is the job, public ones by kid for who verifies."""

    current: str
    private: dict[str, Key] = {}
    public: dict[str, Key]

    @model_validator(mode="after")
    def _current_is_held(self) -> Self:
        if self.current not in self.public:
            raise ValueError("the current key is not among the keys")
        return self

    @classmethod
    def from_seeds(cls, seeds: KeySet, *, signs: bool) -> Self:
        """The key pairs of these seeds; without the private halves unless `signs`."""
        pairs = {number: Ed25519PrivateKey.from_private_bytes(seed) for number, seed in seeds.keys.items()}
        public = {number: pair.public_key().public_bytes_raw() for number, pair in pairs.items()}
        kids = {number: sm3(key)[:8].hex() for number, key in public.items()}
        return cls(
            current=kids[seeds.current],
            private={kids[number]: pair.private_bytes_raw() for number, pair in pairs.items()} if signs else {},
            public={kids[number]: key for number, key in public.items()},
        )

    @property
    def signs(self) -> bool:
        """Whether the private half of the current key is here."""
        return self.current in self.private

    @property
    def current_private(self) -> bytes:
        """The private half of the current key; raises `KeysUnusableError` where it is not held."""
        if not self.signs:
            raise KeysUnusableError("this process holds no key to sign with")
        return self.private[self.current]

    def sign(self, message: bytes) -> bytes:
        """64-byte signature under `current`."""
        return Ed25519PrivateKey.from_private_bytes(self.current_private).sign(message)

    def verify(self, kid: str, message: bytes, signature: bytes) -> bool:
        """Whether `signature` over `message` was made with the key `kid`."""
        if kid not in self.public:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public[kid]).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class _Stored(_Secret):
    made_for_dev: bool

    def to_text(self) -> str:
        """JSON for a file or an environment variable. It holds the secrets in the clear."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_text(cls, text: str, *, dev: bool) -> Self:
        """Read what `to_text` wrote; outside dev it refuses secrets made for dev."""
        try:
            keys = cls.model_validate_json(text)
        except ValidationError as error:
            raise KeysUnusableError(f"the keys cannot be read: {error.error_count()} errors") from None
        if keys.made_for_dev and not dev:
            raise KeysUnusableError("these keys were generated for development; make a key ring for this environment")
        return keys

    @classmethod
    def load(cls, path: Path, *, dev: bool, text: str = "") -> Self:
        """From `text` (an environment variable) if set, else from a file that nobody else may read."""
        if text:
            return cls.from_text(text, dev=dev)
        try:
            with path.open(encoding="utf-8") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise KeysUnusableError(f"{path} is open to other users; set its mode to 0600")
                return cls.from_text(file.read(), dev=dev)
        except FileNotFoundError:
            raise KeysUnusableError(f"no keys at {path}; only dev makes its own") from None

    def to_new_file(self, path: Path) -> None:
        """Write with mode 0600, whole or not at all; `FileExistsError` when someone was first."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with open(draft, "x", encoding="utf-8", opener=_private) as file:
                file.write(self.to_text())
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class ServiceKeys(_Stored):
    """What the processes of one service may hold."""

    service: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    field_keys: KeySet
    index_keys: KeySet
    token_keys: SigningKeys
    audit_keys: SigningKeys
    person_key: Key | None = None


class Keyring(_Stored):
    """All secrets of a deployment. Keep a copy off-site: without it sealed fields cannot be read again."""

    field_keys: KeySet
    index_keys: KeySet
    token_keys: KeySet
    audit_keys: KeySet
    person_key: Key

    @classmethod
    def generate(cls, *, dev: bool) -> Self:
        """Fresh random secrets, marked when they are for development."""
        return cls(
            made_for_dev=dev,
            field_keys=KeySet.generate(),
            index_keys=KeySet.generate(),
            token_keys=KeySet.generate(),
            audit_keys=KeySet.generate(),
            person_key=secrets.token_bytes(KEY_BYTES),
        )

    @classmethod
    def load(cls, path: Path, *, dev: bool, text: str = "") -> Self:
        """As for any keys, but dev makes a missing file."""
        if dev and not text and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # another process starts at the same moment: its ring counts
                cls.generate(dev=True).to_new_file(path)
        return super().load(path, dev=dev, text=text)

    def for_service(
        self,
        service: str,
        *,
        derives_person_ids: bool = False,
        signs_tokens: bool = False,
        seals_audit: bool = False,
    ) -> ServiceKeys:
        """The least a service needs. Yes only where it takes ID numbers, signs people in, seals its log."""
        return ServiceKeys(
            made_for_dev=self.made_for_dev,
            service=service,
            field_keys=self.field_keys.derived(f"puyou field {service}"),
            index_keys=self.index_keys.derived(f"puyou index {service}"),
            token_keys=SigningKeys.from_seeds(self.token_keys, signs=signs_tokens),
            audit_keys=SigningKeys.from_seeds(self.audit_keys.derived(f"puyou audit {service}"), signs=seals_audit),
            person_key=self.person_key if derives_person_ids else None,
        )

    def added(self, kind: Rotatable) -> Self:
        """Rotation, step 1: one more key of this kind. Give it to every process before step 2."""
        return self.model_copy(update={kind: self._of(kind).added()})

    def switched(self, kind: Rotatable) -> Self:
        """Rotation, step 2: the newest key is used for new values and signatures."""
        return self.model_copy(update={kind: self._of(kind).switched()})

    def dropped(self, kind: Rotatable) -> Self:
        """Rotation, step 3, after resealing: forget the keys before the current one.

        Audit keys are better kept: old roots are verified with the public keys they name.
        """
        return self.model_copy(update={kind: self._of(kind).dropped()})

    def _of(self, kind: Rotatable) -> KeySet:
        keys: KeySet = getattr(self, kind)
        return keys
