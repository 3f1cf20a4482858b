"""`python -m marketplace sandbox`: the stand-ins for Stripe and the networks, each at its own port on this machine."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser, Namespace
from typing import Literal

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from marketplace.config import Settings
from marketplace.log import configure_logging
from marketplace.sandbox import network, stripe
from marketplace.sandbox.demo.world import NETWORK_SEED
from marketplace.sandbox.stripe.server import QuietHandler

HELP = "serve the stand-ins for Stripe and the social networks"
WEBHOOK_PATH: dict[Literal["own", "connected", "thin"], str] = {
    "own": "/webhook/stripe",
    "connected": "/webhook/stripe/connected",
    "thin": "/webhook/stripe/thin",
}


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments: their ports follow PORT, or are SANDBOX_STRIPE_PORT and SANDBOX_NETWORK_PORT."""


def main(settings: Settings, args: Namespace) -> int:
    """Serve those that the settings leave to us until SIGTERM."""
    configure_logging(settings)
    servers = [_server(app, port) for app, port in stand_ins(settings)]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    stop.wait()
    for server in servers:
        server.shutdown()
    return 0


def stand_ins(settings: Settings) -> list[tuple[Flask, int]]:
    """Each stand-in with its port; none for a company whose real key is set."""
    wanted: list[tuple[Flask, int]] = []
    if settings.uses_stripe_sandbox:
        wanted.append((_stripe(settings), settings.stripe_sandbox_port))
    if settings.is_demo:
        wanted.append((network.create_app(NETWORK_SEED), settings.network_sandbox_port))
    return wanted


def _stripe(settings: Settings) -> Flask:
    # events go to the web process on this machine, whatever address browsers use
    secrets: dict[Literal["own", "connected", "thin"], str] = {
        "own": settings.stripe_webhook_secrets[0],
        "connected": settings.stripe_connected_webhook_secrets[0],
        "thin": settings.stripe_thin_webhook_secrets[0],
    }
    targets = [
        stripe.WebhookTarget(f"{settings.local_url}{path}", secrets[kind], kind) for kind, path in WEBHOOK_PATH.items()
    ]
    return stripe.create_app(settings.data_dir / "stripe-sandbox.db", targets, public_url=settings.stripe_base)


def _server(app: Flask, port: int) -> BaseWSGIServer:
    return make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
