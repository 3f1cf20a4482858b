"""The stand-in behind a real socket: in a thread for tests, in the foreground for the default run."""

import logging
import threading
from types import TracebackType
from typing import Self

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from marketplace.sandbox.stripe.api import Sandbox

STOPS_WITHIN_S = 0.05
THREAD_STOPS_WITHIN_S = 0.01


class QuietHandler(WSGIRequestHandler):
    """A handler that does not write a line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class StripeServer:
    """Serves the app from `start` to `stop`, one thread a request. Port 0 takes a free one."""

    def __init__(self, app: Flask, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox: Sandbox = app.extensions["stripe_sandbox"]
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server: BaseWSGIServer = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(THREAD_STOPS_WITHIN_S,), name="stripe-sandbox", daemon=True
        )
        self.url = f"http://{host}:{self._server.server_port}"

    def start(self) -> Self:
        """Serve in a thread."""
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve here until stopped by an interrupt."""
        try:
            self._server.serve_forever(poll_interval=STOPS_WITHIN_S)
        finally:
            self._end()

    def stop(self) -> None:
        """Stop serving and delivering, and let go of the file."""
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._end()

    def _end(self) -> None:
        self._server.server_close()
        self.sandbox.deliverer.stop()
        self.sandbox.state.close()

    def __enter__(self) -> Self:
        """Serve for the length of a block."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()
