"""Unfinished files: pieces of an upload, gathered in a folder until the file is whole."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path
from typing import BinaryIO, Final

from marketplace.gateways.storage.base import CHUNK_BYTES, Measured, Missing, Stored

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,43}")


class Parts:
    """Files by token in `folder`. One writer at a time, held by a lock that ends with its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, token: str) -> Path:
        """Where the file of `token` is; refuses (ValueError) what is no token."""
        if not _TOKEN.fullmatch(token):
            raise ValueError("this is not an upload's token")
        return self.folder / token

    def append(self, token: str, offset: int, stream: BinaryIO, *, most: int) -> int:
        """As in Storage.append."""
        path = self.path(token)
        self.folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            _lock(file)
            if file.tell() < offset:
                raise ValueError("the file does not reach that far")
            file.truncate(offset)
            return offset + _copy(stream, file, most - offset)

    def open(self, token: str) -> BinaryIO:
        """As in Storage.open_part."""
        try:
            return self.path(token).open("rb")
        except (FileNotFoundError, ValueError):
            raise Missing(token) from None

    def measure(self, token: str, key: str) -> Stored:
        """Length and hash of the file, under the key it will have."""
        with self.open(token) as file:
            measured = Measured(file)
            for _ in measured:
                pass
        return measured.stored(key)

    def discard(self, token: str) -> None:
        """As in Storage.discard."""
        self.path(token).unlink(missing_ok=True)


def _lock(file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError("another piece of this file is being written") from None


def _copy(stream: BinaryIO, file: BinaryIO, most: int) -> int:
    copied = 0
    while chunk := _next_chunk(stream):
        copied += len(chunk)
        if copied > most:
            raise ValueError("the file is longer than was said")
        file.write(chunk)
    return copied


def _next_chunk(stream: BinaryIO) -> bytes:
    """What comes next, or nothing once the sender has gone away: what came is kept, and it goes on from there."""
    try:
        return stream.read(CHUNK_BYTES)
    except Exception:
        # each web server says it with an exception of its own
        return b""
