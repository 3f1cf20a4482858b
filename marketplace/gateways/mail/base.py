"""What every way of sending letters can do, and the letter itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along, such as a calendar entry; `content_type` reads "text/calendar"."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one person; the plain text is always there, the HTML is its twin."""

    to_address: str
    to_name: str
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()


class NotSent(Exception):
    """The letter did not leave. `is_final` says that trying again will not help (the address does not exist)."""

    def __init__(self, words: str, *, is_final: bool) -> None:
        super().__init__(words)
        self.is_final = is_final


class Mail(Protocol):
    """Sends letters one by one."""

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Send it or raise NotSent; never called inside a transaction."""


def compose(letter: Letter, *, sender: str, now: datetime) -> EmailMessage:
    """The letter as a message with both its twins.

    A line break in a subject, name or address is refused (ValueError): it would start another header.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = Address(letter.to_name, addr_spec=letter.to_address)
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip("> "))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    for attachment in letter.attachments:
        main, _, sub = attachment.content_type.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.filename)
    return message


def _one_line(words: str) -> str:
    if "\n" in words or "\r" in words:
        raise ValueError("a subject is one line")
    return words
