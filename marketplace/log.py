"""Logs: one structured line per event, with the request or task it belongs to and without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from marketplace.config import Settings

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(r"password|secret|token|authorization|cookie|api_key|totp|signature", re.IGNORECASE)
SECRET_VALUES = re.compile(
    r"\b(?:sk|rk|whsec)_[A-Za-z0-9_]{6,}"  # Stripe's keys and webhook secrets
    r"|Bearer\s+[\w.~+/%-]+=*"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # name:password in an address
    r"|\b[\w.+-]+@[\w-]+\.[\w.-]+"  # mail addresses
    r"|\$argon2\w*\$[\w$,=+/.-]*"  # password hashes
    r"|(?<=Failing row contains )\((?s:.*?)\)(?=\.?(?:\n|$))"  # PostgreSQL quotes the row that a rule refuses
)

Event = MutableMapping[str, Any]


def scrub(_logger: object, _method: str, event: Event) -> Event:
    """Replace values that are secret by name or by look; a logged exception is scrubbed too."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = HIDDEN
        elif isinstance(value, str):
            event[name] = SECRET_VALUES.sub(HIDDEN, value)
    return event


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the standard library's lines to stderr: JSON in production, readable in the demo."""
    as_json = (settings.log_format or ("console" if settings.is_demo else "json")) == "json"
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last_steps(as_json)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    _quieten()


def _last_steps(as_json: bool) -> list[structlog.typing.Processor]:
    look: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # the fancy tracebacks print local variables, and with them passwords
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        scrub,
        look,
    ]


def _quieten() -> None:
    for name in ("celery", "kombu", "amqp", "urllib3", "stripe", "werkzeug", "gunicorn", "alembic", "botocore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # it logs "error ignored terminating Pipeline" for each refused constraint of a multi-row insert
    logging.getLogger("psycopg").setLevel(logging.ERROR)
