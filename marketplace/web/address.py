"""Our own addresses: the hosts this site answers to, absolute links, and paths that lead nowhere else."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.sansio.utils import host_is_trusted

from marketplace.config import Settings

PUBLIC_URL: Final = "MARQUEE_PUBLIC_URL"
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
# probes come by the number of a machine, and learn nothing but whether it is well
PROBES: Final = frozenset({"/healthz", "/readyz"})


class Site(Flask):
    """A Flask whose absolute links start with the address of the settings, whatever Host a request came with.

    What writes a link into a letter takes it from here, extensions included: a link that believed the request would
    hand its secret to whoever forged the request.
    """

    def url_for(self, /, endpoint: str, *, _external: bool | None = None, **values: Any) -> str:
        """As Flask's; with `_external` below the public address."""
        if not _external:
            return super().url_for(endpoint, _external=_external, **values)
        values.pop("_scheme", None)
        return public_url(self) + super().url_for(endpoint, _external=False, **values)


def public_url(app: Flask) -> str:
    """The site's own address without a trailing slash, as mails and Stripe are given it."""
    address: str = app.config[PUBLIC_URL]
    return address


def trusted_hosts(settings: Settings) -> list[str]:
    """The names that a request may ask for: our own, and in the demo this very machine's."""
    own = urlsplit(settings.public_url).hostname or ""
    return [f"[{own}]" if ":" in own else own, *(LOOPBACK if settings.is_demo else ())]


def install(app: Flask, settings: Settings) -> None:
    """Answer to our own names only; 400 for any other."""
    app.config[PUBLIC_URL] = settings.public_url
    hosts = trusted_hosts(settings)

    @app.before_request
    def check_host() -> None:
        if request.path not in PROBES and not _is_one_of(request.host, hosts):
            abort(400)


def _is_one_of(host: str, hosts: list[str]) -> bool:
    if host.startswith("["):  # the check of Werkzeug takes the colons of an IPv6 address for a port's
        return host.partition("]")[0] + "]" in hosts
    return host_is_trusted(host.lower(), hosts)


def own_path(text: str) -> str | None:
    """A path of this site, or None for anything that a browser could read as another site.

    Browsers drop control characters from an address and take a backslash for a slash.
    """
    if not text.startswith("/") or text.startswith("//") or "\\" in text:
        return None
    if not text.isprintable():
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else text


def came_from() -> str | None:
    """The page of ours that a form was on; None when it was another's, or the browser does not say."""
    if request.method != "POST":
        return None
    try:
        told = urlsplit(request.referrer or "")
    except ValueError:
        return None
    return own_path(f"{told.path}?{told.query}".rstrip("?")) if told.netloc == request.host else None
