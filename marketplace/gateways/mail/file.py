"""A mailbox in a folder: every letter is a file, and can be read back on the demo's own mail page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from marketplace.gateways.mail.base import Attachment, Letter, compose

_ID: Final = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Received:
    """A letter as it lies in the mailbox; `id` names it."""

    id: str
    to: str
    subject: str
    at: datetime
    text: str
    html: str | None
    attachments: tuple[Attachment, ...] = ()


class FileMail:
    """Letters as .eml files in `folder`, named so that the newest sorts last."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self.folder = folder
        self._sender = sender

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Write the letter beside its place and rename it, so that a reader never meets half of one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        part = self.folder / f".{name}.part"
        part.write_bytes(compose(letter, sender=self._sender, now=now).as_bytes(policy=policy.SMTP))
        part.replace(self.folder / f"{name}.eml")

    def letters(self, *, to: str | None = None, newest: int = 100) -> Iterator[Received]:
        """The newest letters first, all of them or those to one address."""
        shown = 0
        for path in sorted(self.folder.glob("*.eml"), reverse=True):
            received = _read(path)
            if to is None or to.lower() in received.to.lower():
                yield received
                shown += 1
            if shown >= newest:
                return

    def letter(self, id: str) -> Received | None:
        """The letter of this id, or None."""
        path = self.folder / f"{id}.eml"
        return _read(path) if _ID.fullmatch(id) and path.exists() else None


def _read(path: Path) -> Received:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return Received(
        id=path.stem,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=parsedate_to_datetime(str(message["Date"])),
        text=text.get_content() if text else "",
        html=html.get_content() if html else None,
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _attachment(part: EmailMessage) -> Attachment:
    content = part.get_payload(decode=True)
    return Attachment(
        filename=part.get_filename() or "attachment",
        content_type=str(part["Content-Type"]),
        content=content if isinstance(content, bytes) else b"",
    )
