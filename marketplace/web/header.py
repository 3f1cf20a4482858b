"""What every answer carries: a strict content policy, security headers and the id of its request."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

from marketplace.config import Settings

log = structlog.get_logger("marquee.request")
GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
STRIPE_PAGES = ("https://checkout.stripe.com", "https://connect.stripe.com", "https://billing.stripe.com")
SECRET_PART = re.compile("token|secret|key")
FILES = {"asset.show", "public.media"}
QUIET = {"/healthz", "/readyz"}


def content_policy(settings: Settings, media_origin: str | None = None) -> str:
    """Nothing from elsewhere, nothing inline; files also from where the storage says that it serves them.

    Browsers apply form-action to the redirect that follows a form, so the pages of Stripe's (or its stand-in's) host
    that a form leads to are named.
    """
    media = f" {media_origin}" if media_origin else ""
    pay = " ".join((*STRIPE_PAGES, _origin(settings.stripe_base))) if settings.stripe_base else " ".join(STRIPE_PAGES)
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "connect-src": f"'self'{media}",
        "img-src": f"'self' data:{media}",  # data: for the picture of a one-time-code secret
        "media-src": f"'self'{media}",
        "form-action": f"'self' {pay}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def install(app: Flask, settings: Settings, media_origin: str | None) -> None:
    """Name every request, log it, and send the headers."""
    headers = {
        "Content-Security-Policy": content_policy(settings, media_origin),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if GIVEN_ID.fullmatch(given) else uuid4().hex
        g.began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if request.endpoint != "asset.show" and "Cache-Control" not in response.headers:
            # pages show what belongs to one person
            response.headers["Cache-Control"] = "private, no-cache"
        _log(response)
        return response


def _log(response: Response) -> None:
    if request.path in QUIET or (request.endpoint in FILES and response.status_code < 400):
        return
    took_ms = round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000)
    log.info("request", method=request.method, path=_shown_path(), status=response.status_code, ms=took_ms)


def _shown_path() -> str:
    """The path, or its pattern where it holds a secret such as the token of a mailed link."""
    is_secret = any(SECRET_PART.search(name) for name in request.view_args or ())
    return str(request.url_rule) if is_secret else request.path


def _origin(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}"
