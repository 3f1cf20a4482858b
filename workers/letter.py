"""Letters: a notice written out as a mail, in plain text and as HTML, with what goes along."""

from __future__ import annotations

from datetime import datetime
from email.utils import parseaddr
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from marketplace.config import Settings
from marketplace.gateways.calendar.feed import FeedEntry, Mailbox, Method, invite_type, write_invite
from marketplace.gateways.mail.base import Attachment, Letter
from marketplace.services import notice
from marketplace.services.booking_letter import Enclosed
from marketplace.services.notice_switch import WORDS, write_token

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "mail"
SWITCH_SECRET = "notice-switch"


def write_letter(
    found: notice.Letter, enclosed: Enclosed | None = None, *, settings: Settings, now: datetime
) -> Letter:
    """The notice as a mail; its links lead to our public address, one of them stops such mails."""
    enclosed = enclosed or Enclosed()
    stop_url = _stop_url(found, settings)
    values = {
        "letter": found,
        "url": f"{settings.public_url}{found.path}",
        "facts": enclosed.facts,
        "has_entry": enclosed.entry is not None,
        "topic": WORDS[found.topic][0].lower() if found.topic else None,
        "stop_url": stop_url,
        "switch_url": f"{settings.public_url}/notice/switch",
    }
    return Letter(
        to_address=found.to,
        to_name=found.name,
        subject=found.title,
        text=_templates().get_template("notice.txt").render(values),
        html=_templates().get_template("notice.html").render(values),
        attachments=(_invite(found, enclosed.entry, settings, now),) if enclosed.entry else (),
        unsubscribe_url=stop_url,
    )


def _stop_url(found: notice.Letter, settings: Settings) -> str | None:
    if found.topic is None:
        return None
    token = write_token(settings.secret(SWITCH_SECRET), found.account_id, found.topic)
    return f"{settings.public_url}/notice/stop/{token}"


def _invite(found: notice.Letter, entry: FeedEntry, settings: Settings, now: datetime) -> Attachment:
    """The calendar entry: programs enter it, move it, or take it out once it is cancelled."""
    method: Method = "CANCEL" if entry.cancelled else "REQUEST"
    organizer = Mailbox("Marquee", parseaddr(settings.mail_from)[1])
    reader = Mailbox(found.name, found.to)
    content = write_invite(entry, method, organizer=organizer, attendees=[reader], now=now)
    return Attachment("session.ics", invite_type(method), content)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
