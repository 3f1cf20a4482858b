"""Files in a folder, served by our own web process behind signed addresses that expire."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from marketplace.gateways.storage.base import Measured, Missing, Stored, check_key, check_name, key_of_part, make_key
from marketplace.gateways.storage.part import Parts


class LocalStorage:
    """Files below `root`. `base_url` is where web serves them; `secret` signs their addresses."""

    def __init__(self, root: Path, *, secret: str, base_url: str = "/media") -> None:
        self.root = root
        self._parts = Parts(root / ".parts")
        self._secret = secret.encode()
        self._base_url = base_url.rstrip("/")

    @property
    def origin(self) -> None:
        """Our own site serves them."""
        return None

    def put(self, stream: BinaryIO, *, kind: str, suffix: str, content_type: str) -> Stored:
        """Write beside the final place and rename, so that a reader never meets half a file."""
        key = make_key(kind, suffix)
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        measured = Measured(stream)
        try:
            with part.open("xb") as file:
                for chunk in measured:
                    file.write(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return measured.stored(key)

    def append(self, token: str, offset: int, stream: BinaryIO, *, most: int) -> int:
        """As in Storage."""
        return self._parts.append(token, offset, stream, most=most)

    def open_part(self, token: str) -> BinaryIO:
        """As in Storage."""
        return self._parts.open(token)

    def finish(self, token: str, *, kind: str, suffix: str, content_type: str) -> Stored:
        """Linked rather than copied: the parts lie on the same disk."""
        key = key_of_part(token, kind, suffix)
        stored = self._parts.measure(token, key)
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.hardlink_to(self._parts.path(token))
        return stored

    def discard(self, token: str) -> None:
        """As in Storage."""
        self._parts.discard(token)

    def open(self, key: str) -> BinaryIO:
        """The file, seekable; raises Missing."""
        return self.path(key).open("rb")

    def path(self, key: str) -> Path:
        """Where the file lies; raises Missing."""
        try:
            path = self.root / check_key(key)
        except ValueError:
            raise Missing(key) from None
        if not path.is_file():
            raise Missing(key)
        return path

    def url(self, key: str, *, now: datetime, expires_in: timedelta, save_as: str | None = None) -> str:
        """A signed path. Its end is rounded up to a whole `expires_in`, so that a page seen twice names it alike
        and the browser's cache can help: it is valid for at least `expires_in` and less than twice as long.
        """
        span = expires_in.total_seconds()
        until = ceil(ceil((now.timestamp() + span) / span) * span)
        name = {"save_as": check_name(save_as)} if save_as else {}
        query = {"until": until, **name, "signature": self._sign(key, until, save_as or "")}
        return f"{self._base_url}/{check_key(key)}?{urlencode(query)}"

    def delete(self, key: str) -> None:
        """Remove the file if it is there."""
        with suppress(FileNotFoundError):
            (self.root / check_key(key)).unlink()

    def may_read(self, key: str, until: str, signature: str, now: datetime, save_as: str = "") -> bool:
        """Whether an address with these parts was given out by `url` and has not expired."""
        if not until.isdecimal() or len(until) > 12 or not signature.isascii():
            return False
        right = hmac.compare_digest(self._sign(key, int(until), save_as), signature)
        return right and now.astimezone(UTC).timestamp() < int(until)

    def _sign(self, key: str, until: int, save_as: str) -> str:
        signed = f"{until} {key} {save_as}" if save_as else f"{until} {key}"
        return hmac.new(self._secret, signed.encode(), hashlib.sha256).hexdigest()[:40]
