"""`python -m marketplace check-config`: say what the settings amount to, without starting anything."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sqlalchemy.engine import make_url

from marketplace.config import Settings

HELP = "say what the settings amount to; exit 2 with one sentence when they are wrong"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Print which components a start would use; secrets are not shown."""
    for name, value in components(settings).items():
        print(f"{name:12} {value}")
    return 0


def components(settings: Settings) -> dict[str, str]:
    """Each replaceable part and what stands in its place."""
    return {
        "environment": settings.environment,
        "address": settings.public_url,
        "data folder": str(settings.data_dir.resolve()),
        "database": make_url(settings.database).render_as_string(hide_password=True),
        "broker": _host(settings.broker_url) or "a queue in the data folder",
        "Stripe": "the embedded stand-in" if settings.uses_stripe_sandbox else settings.stripe_base or "Stripe",
        "X": "the embedded stand-in" if settings.uses_x_sandbox else settings.x_base or "X",
        "mail": "SMTP" if settings.smtp_url else "files in the data folder",
        "files": f"S3 bucket {settings.s3_bucket}" if settings.s3_bucket else "the data folder",
    }


def _host(url: str | None) -> str | None:
    return make_url(url).render_as_string(hide_password=True) if url else None
