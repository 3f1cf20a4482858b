"""The stand-in's web application: one process serves X and the demo networks."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from flask import Flask

from marketplace.sandbox.network.bio import bio_routes
from marketplace.sandbox.network.demo_api import demo_routes
from marketplace.sandbox.network.window import Window
from marketplace.sandbox.network.x_api import x_routes

SLOW_S: Final = 30.0


def create_app(
    seed: int, *, now: Callable[[], datetime] = lambda: datetime.now(UTC), slow: Callable[[], None] | None = None
) -> Flask:
    """Networks whose every account follows from `seed`, its handle and the time; nothing is stored.

    `slow` is called where a reserved handle is to answer late; by default it sleeps for longer than a gateway waits.
    """
    served = Flask(__name__, static_folder=None)
    late = slow or _sleep
    served.register_blueprint(x_routes(seed, now=now, window=Window(now), slow=late))
    served.register_blueprint(demo_routes(seed, now=now, slow=late))
    served.register_blueprint(bio_routes())
    served.add_url_rule("/healthz", "healthz", lambda: {"ok": True})
    return served


def _sleep() -> None:
    time.sleep(SLOW_S)
