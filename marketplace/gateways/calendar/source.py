"""Fetching the calendar that an actor's private calendar address leads to."""

from __future__ import annotations

import re
from typing import Final

from marketplace.gateways.web_fetch import WebFetch

ACCEPT: Final = "text/calendar, text/plain;q=0.5, */*;q=0.1"
_WEBCAL: Final = re.compile(r"\s*webcals?://", re.IGNORECASE)


def fetch_calendar(web: WebFetch, url: str) -> bytes:
    """The file as it is; refuses and fails as `WebFetch.get` does. webcal:// is how calendar programs write https://."""
    return web.get(_WEBCAL.sub("https://", url, count=1) if _WEBCAL.match(url) else url, accept=ACCEPT).body
