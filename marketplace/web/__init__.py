"""The front door for people: create_app() makes the Flask application; only this room knows HTTP."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.config import Settings
from marketplace.db import Database, utc_now
from marketplace.gateways.outside import Outside
from marketplace.jobs import RunJob
from marketplace.web import (
    actor,
    address,
    admin,
    asset,
    auth,
    error,
    guard,
    header,
    health,
    limit,
    media,
    navigation,
    platform,
    public,
    request_check,
    show,
    terms,
    transaction,
    viewer,
    webhook,
)
from marketplace.web.actor import upload
from marketplace.web.auth import demo, mail, security

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LARGEST_FORM = 64 * 1024
LARGEST_BODY = 1024 * 1024  # of those whom nothing larger is expected from

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    public.blueprint,
    auth.blueprint,
    platform.blueprint,
    actor.blueprint,
    admin.blueprint,
    health.blueprint,
    webhook.blueprint,
)


def create_app(
    settings: Settings,
    database: Database,
    run_job: RunJob,
    outside: Outside,
    *,
    later: mail.Later | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Flask:
    """The whole application. Refuses to start (RuntimeError) when a route does not say who may enter.

    `later` runs a small function apart from the answer (a thread by default); tests run it at once.
    """
    app = address.Site(
        "marketplace.web", root_path=str(HERE), template_folder=str(ROOT / "templates"), static_folder=None
    )
    request_check.install(app)
    media.install(app, outside)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        **{demo.IS_DEMO: settings.is_demo, guard.NEEDS_CODES: not settings.is_demo},
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    header.install(app, settings, outside.storage.origin)
    address.install(app, settings)
    terms.install(app, settings)
    transaction.install(app, database, run_job, clock)
    # in this order: who it is, how much they may send, and only then is what they sent read
    guard.install(app)
    upload.install(app)
    CSRFProtect(app).exempt(webhook.blueprint)  # Stripe's signature stands in for the token
    request_check.refuse_nul(app)
    security.install(app, settings)
    mail.install(app, outside.mail, later or ThreadPoolExecutor(1, thread_name_prefix="mail").submit)
    _pages(app, settings)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    limit.install(app, settings)
    guard.check_routes(app)
    error.install(app)
    return app


def _pages(app: Flask, settings: Settings) -> None:
    """What every template may use."""
    assets = asset.Assets(HERE.parent / "static")
    assets.warn_of_missing()
    app.register_blueprint(asset.make_blueprint(assets))
    show.install(app.jinja_env)
    viewer.install(app)
    app.jinja_env.globals.update(navigation.GLOBALS, asset=assets.url, demo=settings.is_demo, now=transaction.now)
    app.config[media.NETWORK_STAND_IN] = settings.network_sandbox_base if settings.is_demo else None
    app.jinja_env.globals.update(media_url=media.media_url, portrait_url=guard.portrait_url)
