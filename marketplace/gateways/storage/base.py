"""What every store of files can do."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final, Protocol

CHUNK_BYTES: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")
_KEY: Final = re.compile(r"[a-z]+/[0-9a-f]{2}/[0-9a-f]{40}(\.[a-z0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was put away: its key, size and SHA-256 in hex."""

    key: str
    bytes: int
    sha256: str


class Missing(Exception):
    """There is no file under this key."""


class Storage(Protocol):
    """Files by key. A key is made here and cannot be guessed; a file is never changed once it is put."""

    @property
    def origin(self) -> str | None:
        """The scheme and host that `url` leads browsers to, or None where that is our own site."""

    def put(self, stream: BinaryIO, *, kind: str, suffix: str, content_type: str) -> Stored:
        """Keep all that `stream` still holds. `kind` (a lower-case word) groups files, `suffix` is ".mp4" or ""."""

    def append(self, token: str, offset: int, stream: BinaryIO, *, most: int) -> int:
        """Write `stream` to the unfinished file `token` from `offset` on, and return its length.

        What lay behind `offset` is dropped; a file that would grow beyond `most` bytes, that does not reach `offset`
        or that another is writing to is refused (ValueError). Should `stream` break off, what came is kept.
        """

    def open_part(self, token: str) -> BinaryIO:
        """An unfinished file, to be read and closed by the caller; raises Missing."""

    def finish(self, token: str, *, kind: str, suffix: str, content_type: str) -> Stored:
        """Put the whole file away for good, under a key that follows from its token.

        The unfinished file stays until it is discarded: whoever dies before noting the key can finish again, and two
        who finish together make one file.
        """

    def discard(self, token: str) -> None:
        """Forget an unfinished file; nothing happens if there is none."""

    def open(self, key: str) -> BinaryIO:
        """The file, to be read and closed by the caller; raises Missing."""

    def url(self, key: str, *, now: datetime, expires_in: timedelta, save_as: str | None = None) -> str:
        """An address that a browser may read the file from until it expires; with `save_as` it saves it by that name.

        `save_as` is letters, digits, dots and hyphens; anything else is refused (ValueError).
        """

    def delete(self, key: str) -> None:
        """Forget the file; nothing happens if there is none."""


def make_key(kind: str, suffix: str) -> str:
    """A fresh key, for example "clip/3f/3f0c...9b.mp4"; refuses (ValueError) odd kinds and suffixes."""
    name = secrets.token_hex(20)
    return check_key(f"{kind}/{name[:2]}/{name}{suffix}")


def key_of_part(token: str, kind: str, suffix: str) -> str:
    """The key of an upload's file: as hard to guess as its token, which only its sender knows, and tells nothing of
    it."""
    name = hashlib.sha256(f"{kind} {token}".encode()).hexdigest()[:40]
    return check_key(f"{kind}/{name[:2]}/{name}{suffix}")


def check_key(key: str) -> str:
    """The key, if it is one of ours; refuses (ValueError) anything else, above all a path out of the store."""
    if not _KEY.fullmatch(key):
        raise ValueError("this is not a storage key")
    return key


def check_name(name: str) -> str:
    """The name of a saved file; refuses (ValueError) what would need quoting in a header."""
    if not _NAME.fullmatch(name):
        raise ValueError("this is no plain file name")
    return name


class Measured:
    """Chunks of a stream, counted and hashed while they pass."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._stream.read(CHUNK_BYTES):
            self._hash.update(chunk)
            self.bytes += len(chunk)
            yield chunk

    def stored(self, key: str) -> Stored:
        """What has passed, under `key`."""
        return Stored(key, self.bytes, self._hash.hexdigest())
