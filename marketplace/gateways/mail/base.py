"""What every way of sending letters can do, and the letter itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import ClassVar, Final, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along, such as a calendar entry; `content_type` reads "text/calendar; method=REQUEST"."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one person; the plain text is always there, the HTML is its twin.

    `unsubscribe_url` stops letters of this kind by one POST (RFC 8058): mail programs show it as a button.
    """

    to_address: str
    to_name: str
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    unsubscribe_url: str | None = None


class NotSent(Exception):
    """The letter did not leave. `is_final` says that trying again will not help (the address does not exist)."""

    def __init__(self, words: str, *, is_final: bool) -> None:
        super().__init__(words)
        self.is_final = is_final


class Mail(Protocol):
    """Sends letters one by one."""

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Send it or raise NotSent; never called inside a transaction."""


class _WholeLine(UnstructuredHeader):
    """A header that is written as it is: the usual folding would encode a long address, which nobody decodes."""

    max_count: ClassVar[Literal[1] | None] = 1

    def fold(self, *, policy: policy.EmailPolicy) -> str:
        """The header's line."""
        return f"List-Unsubscribe: {self}{policy.linesep}"


_HEADERS: Final = HeaderRegistry()
_HEADERS.registry["list-unsubscribe"] = _WholeLine
_POLICY: Final = policy.EmailPolicy(header_factory=_HEADERS)


def compose(letter: Letter, *, sender: str, now: datetime) -> EmailMessage:
    """The letter as a message with both its twins.

    What cannot be written is not sent, and never will be (NotSent): a line break in a subject, name or address would
    start another header, and an address may be none.
    """
    try:
        return _compose(letter, sender, now)
    except (ValueError, LookupError, MessageError) as error:
        raise NotSent(f"the letter cannot be written: {error}", is_final=True) from error


def _compose(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(letter.to_name, addr_spec=letter.to_address)
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip("> "))
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{_one_line(letter.unsubscribe_url)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    for attachment in letter.attachments:
        _attach(message, attachment)
    return message


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    described = EmailMessage()
    described["Content-Type"] = attachment.content_type
    kind = described["Content-Type"]
    message.add_attachment(
        attachment.content,
        maintype=kind.maintype,
        subtype=kind.subtype,
        filename=attachment.filename,
        params=dict(kind.params),
    )


def _one_line(words: str) -> str:
    if "\n" in words or "\r" in words:
        raise ValueError("a subject is one line")
    return words
