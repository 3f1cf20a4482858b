"""Rules for settings: each raises ValueError with one sentence that names the variable, and never its value."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Final
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST: Final = {"SECRET_KEY": 32, "PASSWORD_SALT": 16}
LARGEST_PORT: Final = 65535
STRIPE_KEYS: Final = ("sk_", "rk_")
LIVE_KEYS: Final = ("sk_live_", "rk_live_")
WEBHOOK_SECRET: Final = "whsec_"
DATABASES: Final = frozenset({"sqlite", "postgresql", "postgresql+psycopg"})


def check_address(
    variable: str, value: str | None, schemes: set[str], *, hostless: frozenset[str] = frozenset()
) -> None:
    """An address of one of `schemes`, with a host (except for `hostless` schemes) and a port that can be one."""
    if value is None:
        return
    parts = _split(variable, value)
    if parts.scheme not in schemes:
        raise ValueError(f"{variable} must start with one of: {', '.join(sorted(f'{s}://' for s in schemes))}")
    if not parts.hostname and parts.scheme not in hostless:
        raise ValueError(f"{variable} names no host: it looks like {parts.scheme}://host")


def check_site(variable: str, value: str | None) -> None:
    """Our own address: scheme and host, perhaps a port, nothing behind it, since every link is made from it."""
    check_address(variable, value, {"http", "https"})
    if value is not None:
        parts = _split(variable, value)
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
            raise ValueError(f"{variable} has more than a scheme and a host: the site is served at the top of its host")


def check_database(variable: str, value: str | None) -> None:
    """An SQLAlchemy address of a SQLite file or a PostgreSQL database."""
    if value is None:
        return
    if value.partition(":")[0] not in DATABASES:
        raise ValueError(f"{variable} must start with one of: {', '.join(sorted(f'{s}://' for s in DATABASES))}")
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(f"{variable} cannot be read: its port is no number, or it is no address at all") from None
    if url.port is not None and not 1 <= url.port <= LARGEST_PORT:
        raise ValueError(f"{variable} has a port that is no number from 1 to {LARGEST_PORT}")
    _check_named(variable, url)


def _check_named(variable: str, url: URL) -> None:
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError(f"{variable} names no file: each process would have a database of its own")
    if url.get_backend_name() == "postgresql" and not url.database:
        raise ValueError(f"{variable} names no database: it looks like postgresql://user:password@host/name")


def check_stripe_key(variable: str, key: str | None, *, for_stripe: bool) -> None:
    """A secret key; `for_stripe` is False where another server is asked, whose keys may look different."""
    if key is not None and key.startswith("pk_"):
        raise ValueError(f"{variable} is a publishable key (pk_...): the secret key begins with sk_ or rk_")
    if key is not None and for_stripe and not key.startswith(STRIPE_KEYS):
        raise ValueError(f"{variable} is no secret key of Stripe's: those begin with sk_ or rk_")


def check_webhook_secrets(variable: str, value: str | None, *, for_stripe: bool) -> None:
    """At least one secret, separated by commas; Stripe's begin with whsec_."""
    if value is None:
        return
    parts = [part.strip() for part in value.split(",")]
    if not all(parts):
        raise ValueError(f"{variable} has an empty part: it holds secrets separated by commas")
    if for_stripe and not all(part.startswith(WEBHOOK_SECRET) for part in parts):
        raise ValueError(f"{variable} holds something else than a webhook secret: those begin with {WEBHOOK_SECRET}")


def check_no_live_key(variable: str, key: str | None) -> None:
    """Real money moves in production alone: the demo signs anybody in as an admin."""
    if key is not None and key.startswith(LIVE_KEYS):
        raise ValueError(
            f"{variable} is a live key, which moves real money: it needs ENVIRONMENT=production. "
            "The demo, which signs anybody in with one click, takes test keys only"
        )


def check_long_enough(variable: str, secret: str) -> None:
    """Too long to be guessed."""
    if len(secret) < SHORTEST[variable]:
        raise ValueError(
            f"{variable} is too short: ENVIRONMENT=production needs {SHORTEST[variable]} characters that nobody "
            'guesses (python3 -c "import secrets; print(secrets.token_urlsafe(32))" makes some)'
        )


def check_encrypted(variable: str, value: str) -> None:
    """https, or an address that never leaves this machine."""
    parts = _split(variable, value)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{variable} must start with https:// in production: passwords and sessions travel over it")


def check_sender(variable: str, value: str) -> None:
    """A mail address, perhaps with a name before it."""
    name, _, host = parseaddr(value)[1].rpartition("@")
    if not name or not host or "\n" in value or "\r" in value:
        raise ValueError(f"{variable} is no mail address: it looks like Marquee <hello@example.com>")


def check_ports(ports: dict[str, int]) -> None:
    """Ports by the variable that sets them: all can be one, and no two are the same."""
    for variable, port in ports.items():
        if port > LARGEST_PORT:
            raise ValueError(
                f"PORT is too high: the stand-ins use the two ports above it, and {port} is none. "
                f"Choose a lower one or set {variable}"
            )
    taken: dict[int, str] = {}
    for variable, port in ports.items():
        if port in taken:
            raise ValueError(f"{variable} is the same port as {taken[port]}: {port}")
        taken[port] = variable


def _split(variable: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(
            f"{variable} has a port that is no number from 1 to {LARGEST_PORT}, or is no address"
        ) from None
    if port == 0:
        raise ValueError(f"{variable} has port 0, where nothing can be reached")
    if any(letter.isspace() for letter in value):
        raise ValueError(f"{variable} has a space in it")
    return parts
