"""`python -m marketplace serve`: the web process, by gunicorn with threads."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from marketplace.config import Settings
from marketplace.log import configure_logging
from marketplace.wiring import make_web

HELP = "serve the web pages at HOST:PORT"
GRACE_S = 10


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments: HOST, PORT, WEB_WORKERS and WEB_THREADS say how."""


def main(settings: Settings, args: Namespace) -> int:
    """Serve until SIGTERM; requests that run are finished."""
    configure_logging(settings)
    Server(settings).run()
    return 0


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn, told by our settings alone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Fill in gunicorn's own settings."""
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        return {
            "bind": self.settings.bind,
            "worker_class": "gthread",
            "workers": self.settings.web_workers,
            "threads": self.settings.web_threads,
            "graceful_timeout": GRACE_S,
            "timeout": 60,
            "keepalive": 5,
            "worker_tmp_dir": None,
            "loglevel": "warning",
            "accesslog": None,  # every request is logged once, with its id, by marketplace.web.header
            "limit_request_line": 8190,
            "forwarded_allow_ips": "127.0.0.1",
            "control_socket_disable": True,
        }

    def load(self) -> Flask:
        """The application; made in the worker process, after the fork."""
        return make_web(self.settings)
