"""Letters over SMTP, always encrypted unless the server is on this very machine."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from marketplace.gateways.mail.base import Letter, NotSent, compose

_TIMEOUT_S: Final = 20
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SmtpMail:
    """Sends through `url`: smtps://user:password@host:465, or smtp://user:password@host:587 with STARTTLS."""

    def __init__(self, url: str, *, sender: str) -> None:
        parts = urlsplit(url)
        self._encrypted = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._encrypted else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    def send(self, letter: Letter, *, now: datetime) -> None:
        """One connection per letter: letters are few, and a fresh connection has no stale state."""
        message = compose(letter, sender=self._sender, now=now)
        try:
            with self._connect() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            final = all(code >= 500 for code, _ in error.recipients.values())
            raise NotSent("the server does not take letters for this address", is_final=final) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"the mail server could not be used: {type(error).__name__}", is_final=False) from error

    def _connect(self) -> smtplib.SMTP:
        if self._encrypted:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
            if self._host not in _LOOPBACK:
                server.starttls(context=ssl.create_default_context())
        if self._user:
            server.login(self._user, self._password)
        return server
