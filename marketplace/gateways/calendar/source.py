"""The calendar that an actor's private calendar address leads to: checking the address, and fetching the file."""

from __future__ import annotations

import re
from typing import Final

from marketplace.gateways.web_fetch import WebFetch

ACCEPT: Final = "text/calendar, text/plain;q=0.5, */*;q=0.1"
_WEBCAL: Final = re.compile(r"\s*webcals?://", re.IGNORECASE)


def check_address(web: WebFetch, url: str) -> None:
    """Refuses (AddressRefused) what can be told from the address alone, before anything is asked of anybody."""
    web.check(_plain(url))


def fetch_calendar(web: WebFetch, url: str) -> bytes:
    """The file as it is; refuses and fails as `WebFetch.get` does."""
    return web.get(_plain(url), accept=ACCEPT).body


def _plain(url: str) -> str:
    """webcal:// is how calendar programs write https://."""
    return _WEBCAL.sub("https://", url, count=1) if _WEBCAL.match(url) else url
