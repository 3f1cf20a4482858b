"""A web server on loopback that plays strangers' servers, the nice and the hostile ones."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Thread
from typing import Any

Play = Callable[[BaseHTTPRequestHandler, Event], None]


class FarServer:
    """Plays `plays[path]`; keeps the (Host, path) of every request in `asked`; `bell` ends a slow play."""

    def __init__(self, plays: dict[str, Play], tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.bell = Event()
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                far.asked.append((self.headers["Host"], self.path))
                with suppress(OSError):  # whoever asked has had enough
                    plays[self.path](self, far.bell)

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            server_bind = TCPServer.server_bind  # HTTPServer's own looks up a name for 127.0.0.1

            def handle_error(self, *args: Any) -> None:
                pass  # handshakes that fail on purpose

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = int(self.server.server_address[1])
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.bell.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def answer(
    handler: BaseHTTPRequestHandler, body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def says(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Play:
    return lambda handler, bell: answer(handler, body, status, headers)


def sends_to(url: str, status: int = 302) -> Play:
    return lambda handler, bell: answer(handler, b"", status, {"Location": url})


def packed(body: bytes) -> Play:
    return lambda handler, bell: answer(handler, gzip.compress(body), headers={"Content-Encoding": "gzip"})


def endless_body(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not bell.is_set():
        handler.wfile.write(b"x" * 65536)


def endless_redirect_body(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    handler.send_response(302)
    handler.send_header("Location", "/hello")
    handler.end_headers()
    while not bell.is_set():
        handler.wfile.write(b"x" * 65536)


def dripping_body(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not bell.wait(0.02):
        handler.wfile.write(b"x")


def dripping_head(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not bell.wait(0.02):
        handler.wfile.write(b"x")


def endless_interim(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    while not bell.wait(0.001):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def cut_short(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    answer(handler, b"half", headers={"Content-Length": "8"})
    handler.close_connection = True


def not_http(handler: BaseHTTPRequestHandler, bell: Event) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
