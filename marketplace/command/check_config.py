"""`python -m marketplace check-config`: say what the settings amount to, without starting anything."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sqlalchemy.engine import make_url

from marketplace.config import Settings

HELP = "say what the settings amount to; exit 2 with one sentence when they are wrong"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Print which components a start would use and what follows from them; secrets are not shown."""
    for name, value in components(settings).items():
        print(f"{name:12} {value}")
    for sentence in remarks(settings):
        print(f"\n{sentence}")
    return 0


def components(settings: Settings) -> dict[str, str]:
    """Each replaceable part and what stands in its place."""
    return {
        "environment": settings.environment,
        "address": settings.public_url,
        "listens at": settings.bind,
        "data folder": str(settings.data_dir.resolve()),
        "database": _shown(settings.database),
        "broker": "a queue in the data folder" if settings.uses_folder_queue else _shown(settings.broker_url),
        "limiter": "memory of each web process" if _counts_apart(settings) else _shown(settings.limiter_url),
        "Stripe": _stripe(settings),
        "X": _x(settings),
        "mail": "SMTP" if settings.smtp_url else "files in the data folder",
        "files": f"S3 bucket {settings.s3_bucket}" if settings.s3_bucket else "the data folder",
        "currency": settings.currency,
    }


def remarks(settings: Settings) -> list[str]:
    """What these settings mean that a person who runs this should know."""
    said = [
        "The demo: anybody signs in as an admin with one click, and mail is public at /demo/mail."
        if settings.is_demo
        else ""
    ]
    if local := _local_parts(settings):
        said.append(
            f"One machine only: {', '.join(local)}. Web, worker and clock must share this machine and its data folder."
        )
    elif not settings.is_demo:
        said.append(
            "With web processes on several machines an upload's pieces need one data folder that all share, or a "
            "proxy that keeps a browser at one machine."
        )
    if not settings.uses_stripe_sandbox and not _has_own_secrets(settings):
        said.append(
            "One list of webhook secrets serves all three addresses: STRIPE_CONNECTED_WEBHOOK_SECRET and "
            "STRIPE_THIN_WEBHOOK_SECRET are not both set, so an event at the wrong address is not noticed."
        )
    if _counts_apart(settings) and settings.web_workers > 1:
        said.append(f"Each of {settings.web_workers} web processes counts alone: limits are as many times as wide.")
    return [sentence for sentence in said if sentence]


def _local_parts(settings: Settings) -> list[str]:
    parts = {
        "the database is a SQLite file": settings.database.startswith("sqlite"),
        "jobs wait in the data folder": settings.uses_folder_queue,
        "clips, takes and portraits lie in the data folder": settings.s3_bucket is None,
    }
    return [words for words, is_so in parts.items() if is_so]


def _stripe(settings: Settings) -> str:
    if settings.uses_stripe_sandbox:
        return "the embedded stand-in"
    where = settings.stripe_base or "Stripe"
    return f"{where}, {'live: real money' if settings.moves_real_money else 'test mode'}"


def _x(settings: Settings) -> str:
    if not settings.uses_x_sandbox:
        return settings.x_base or "X"
    return "the embedded stand-in" if settings.is_demo else "not read: X_BEARER_TOKEN is not set"


def _has_own_secrets(settings: Settings) -> bool:
    return bool(settings.stripe_connected_webhook_secret and settings.stripe_thin_webhook_secret)


def _counts_apart(settings: Settings) -> bool:
    return settings.limiter_url.startswith("memory")


def _shown(url: str | None) -> str:
    return make_url(url).render_as_string(hide_password=True) if url else ""
