"""Mail that signing up and in sends: written during the request, sent when its changes are committed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from flask import Flask, Response, g
from flask_security import MailUtil

from marketplace.gateways.mail.base import Letter, Mail, NotSent
from marketplace.web.transaction import now

log = structlog.get_logger("marquee.mail")
Later = Callable[[Callable[[], None]], object]


class AfterCommitMail(MailUtil):
    """Keeps Flask-Security's mails until the answer is ready: what was rolled back tells nobody."""

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: str | tuple[str, str],
        sender: str | tuple[str, str],
        body: str | None,
        html: str | None,
        **kwargs: Any,
    ) -> None:
        address = recipient if isinstance(recipient, str) else recipient[1]
        name = getattr(kwargs.get("user"), "name", "")
        g.setdefault("letters", []).append(Letter(address, name, str(subject), body or "", html))


def install(app: Flask, mail: Mail, later: Later) -> None:
    """Send what the request wrote once Flask-Security has committed.

    `later` runs it apart from the answer: one that waited for the mail server would tell who has an account.
    """

    @app.after_request
    def post(response: Response) -> Response:
        at = now()
        for letter in g.pop("letters", []) if response.status_code < 500 else ():
            later(partial(_send, mail, letter, at))
        return response


def _send(mail: Mail, letter: Letter, at: datetime) -> None:
    try:
        mail.send(letter, now=at)
    except NotSent as error:
        log.error("letter_not_sent", subject=letter.subject, is_final=error.is_final)
