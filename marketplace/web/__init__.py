"""The front door for people: create_app() makes the Flask application; only this room knows HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.jobs import RunJob
from marketplace.web import (
    actor,
    admin,
    asset,
    auth,
    error,
    guard,
    header,
    health,
    media,
    navigation,
    platform,
    public,
    show,
    terms,
    transaction,
    viewer,
    webhook,
)
from marketplace.web.auth import demo, mail, security

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUTSIDE = "marquee.outside"
LARGEST_FORM = 64 * 1024
LARGEST_BODY = 16 * 1024 * 1024  # one piece of an upload

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    public.blueprint,
    auth.blueprint,
    platform.blueprint,
    actor.blueprint,
    admin.blueprint,
    health.blueprint,
    webhook.blueprint,
)

# what one address may do; reading is free
LIMITS: Final = {
    "security.login": "10 per minute; 60 per hour",
    "security.register": "5 per minute; 20 per hour",
    "security.forgot_password": "5 per minute; 20 per hour",
    "security.send_confirmation": "5 per minute; 20 per hour",
    "security.two_factor_token_validation": "5 per minute; 30 per hour",
    "security.mf_recovery": "5 per minute; 20 per hour",
    "security.verify": "10 per minute",
    "security.change_password": "10 per minute",
}


def create_app(
    settings: Settings, database: Database, run_job: RunJob, outside: Outside, *, later: mail.Later | None = None
) -> Flask:
    """The whole application. Refuses to start (RuntimeError) when a route does not say who may enter.

    `later` runs a small function apart from the answer (a thread by default); tests run it at once.
    """
    app = Flask("marketplace.web", root_path=str(HERE), template_folder=str(ROOT / "templates"), static_folder=None)
    app.extensions[OUTSIDE] = outside
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        RATELIMIT_STORAGE_URI=settings.limiter_url,
        **{demo.IS_DEMO: settings.is_demo, guard.NEEDS_CODES: not settings.is_demo},
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    header.install(app, settings)
    terms.install(app, settings)
    transaction.install(app, database, run_job)
    CSRFProtect(app).exempt(webhook.blueprint)  # Stripe's signature stands in for the token
    security.install(app, settings)
    mail.install(app, outside.mail, later or ThreadPoolExecutor(1, thread_name_prefix="mail").submit)
    _pages(app, settings)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _limits(app)
    guard.install(app)
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


def _limits(app: Flask) -> None:
    """Slow down whoever tries many passwords, codes or addresses."""
    limiter = Limiter(get_remote_address, app=app, headers_enabled=True)
    for endpoint, limit in LIMITS.items():
        app.view_functions[endpoint] = limiter.limit(limit, methods=["POST"])(app.view_functions[endpoint])  # type: ignore[assignment]  # a view stays a view
