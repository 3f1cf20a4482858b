"""Settings of a real installation, for tests of what follows from them."""

from __future__ import annotations

from typing import Final

PRODUCTION: Final[dict[str, str]] = {
    "environment": "production",
    "secret_key": "s" * 32,
    "password_salt": "p" * 16,
    "base_url": "https://marquee.example",
    "database_url": "postgresql://h/d",
    "broker_url": "redis://h/0",
    "stripe_secret_key": "sk_live_x",
    "stripe_webhook_secret": "whsec_x",
    "smtp_url": "smtp://h",
}
"""Nothing is missing and nothing is too much."""

VARIABLES: Final = {name.upper(): value for name, value in PRODUCTION.items()}
"""The same as variables of the environment."""
