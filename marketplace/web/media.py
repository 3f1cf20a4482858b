"""Where a page finds pictures and videos: addresses that last an hour or two."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Flask, current_app

from marketplace.gateways.outside import Outside
from marketplace.gateways.storage.base import Storage
from marketplace.web.transaction import now

OUTSIDE: Final = "marquee.outside"
NETWORK_STAND_IN: Final = "MARQUEE_NETWORK_STAND_IN"
GOOD_FOR: Final = timedelta(hours=1)
TO_SAVE_WITHIN: Final = timedelta(minutes=5)


def install(app: Flask, gateways: Outside) -> None:
    """Let pages reach the other companies."""
    app.extensions[OUTSIDE] = gateways


def outside() -> Outside:
    """The gateways of this process."""
    gateways: Outside = current_app.extensions[OUTSIDE]
    return gateways


def storage() -> Storage:
    """Where files are kept."""
    return outside().storage


def media_url(key: str | None) -> str | None:
    """A signed address of a clip, take or poster for whoever sees this page; None for no key.

    The page itself must have checked that its reader may see the file: whoever has the address can read it.
    """
    return storage().url(key, now=now(), expires_in=GOOD_FOR) if key else None


def saving_url(key: str, filename: str) -> str:
    """A signed address, good for minutes, under which a browser saves the file; who may have it has been checked."""
    return storage().url(key, now=now(), expires_in=TO_SAVE_WITHIN, save_as=filename)
