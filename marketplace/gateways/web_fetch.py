"""Fetching web addresses that users give us, so that they lead to public servers only and cannot keep us busy.

Each hop is treated alike: the name is looked up once, every answer must be a public address, and the connection goes
to an address that was checked, while the request and the certificate still speak of the name. What a name server says
a moment later therefore changes nothing. A redirect is an address from a stranger like the first one.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock, Thread, Timer
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from marketplace.domain.errors import Invalid, Refused
from marketplace.gateways.public_address import Address, is_public, read_address

LONGEST_ADDRESS: Final = 2000
MOST_ADDRESSES_TRIED: Final = 3
CONNECT_TIMEOUT_S: Final = 5.0
CHUNK_BYTES: Final = 16 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
DEFAULT_PORT: Final = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, as text; none if there are none. Must not raise."""


class AddressRefused(Invalid):
    """The address itself is not one we read from; another try with the same one ends alike."""

    code = "address_refused"


class FetchFailed(Refused):
    """The address is fine but nothing usable came from it this time."""

    code = "fetch_failed"
    status = 422


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one fetch may take: bytes after decompression, seconds over all hops, redirects; and the ports."""

    bytes: int = 4_000_000
    seconds: float = 20.0
    redirects: int = 4
    ports: frozenset[int] = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the decompressed body, the address it came from after redirects, and the type the server named."""

    body: bytes
    url: str
    content_type: str


def ask_system(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine's resolver knows for `host`."""
    try:
        return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


@dataclass(frozen=True)
class WebFetch:
    """GET for users' addresses. Tests give their own resolver, ports, certificates, and a `may_reach` with loopback."""

    limits: Limits = field(default_factory=Limits)
    resolve: Resolve = ask_system
    may_reach: Callable[[Address], bool] = is_public
    certificates: str | bool = True

    def check(self, url: str) -> None:
        """Refuses (AddressRefused) what `get` would refuse before it looks a name up."""
        address = read_address(_read_target(url, self.limits.ports, "*/*").host)
        if address is not None and not self.may_reach(address):
            raise _not_public()

    def get(self, url: str, *, accept: str = "*/*") -> Fetched:
        """What the address answers with status 200.

        Refuses (AddressRefused) anything but a plain http(s) address of a public server on an allowed port, on every
        hop; raises FetchFailed where no server answers properly within the limits.
        """
        with _Deadline(self.limits.seconds) as deadline:
            for _ in range(self.limits.redirects + 1):
                target = _read_target(url, self.limits.ports, accept)
                with closing(self._ask(target, deadline)) as response:
                    if response.status_code not in REDIRECTS:
                        return self._read(response, target, deadline)
                    url = urljoin(target.url, _location(response))
        raise FetchFailed("The address leads from one redirect to the next. Nothing was read.", code="redirects")

    def _ask(self, target: _Target, deadline: _Deadline) -> requests.Response:
        """The answer's head, from the first of the target's addresses that takes the connection."""
        failure: Exception | None = None
        for address in self._checked_addresses(target, deadline)[:MOST_ADDRESSES_TRIED]:
            timeout = (min(CONNECT_TIMEOUT_S, deadline.left()), deadline.left())
            adapter = _Pinned(target, address, deadline)
            try:
                return adapter.send(target.request, stream=True, timeout=timeout, verify=self.certificates)
            except (requests.RequestException, HTTPError, OSError) as error:
                deadline.left()
                failure = error
        raise _failed(failure)

    def _checked_addresses(self, target: _Target, deadline: _Deadline) -> list[Address]:
        """Every address of the host, if all may be reached; else nothing is connected to at all."""
        literal = read_address(target.host)
        answers = [target.host] if literal else self._resolve_in_time(target, deadline)
        addresses = [read_address(answer) for answer in answers]
        known = [address for address in addresses if address and self.may_reach(address)]
        if not known or len(known) < len(addresses):
            raise _not_public()
        return known

    def _resolve_in_time(self, target: _Target, deadline: _Deadline) -> Sequence[str]:
        """A resolver takes no time limit, so it is asked from a thread that may be left behind."""
        answers: list[str] = []
        asking = Thread(target=lambda: answers.extend(self.resolve(target.host, target.port)), daemon=True)
        asking.start()
        asking.join(deadline.left())
        deadline.left()
        return answers

    def _read(self, response: requests.Response, target: _Target, deadline: _Deadline) -> Fetched:
        if response.status_code != 200:
            raise FetchFailed(
                f"The server answered {response.status_code} instead of giving the file. Nothing was read.",
                code="fetch_status",
            )
        if response.headers.get("Content-Encoding", "identity").lower() not in {"identity", "gzip", "deflate"}:
            raise FetchFailed("The server packed the file in a way we did not ask for. Nothing was read.")
        return Fetched(self._body(response, deadline), target.url, response.headers.get("Content-Type", ""))

    def _body(self, response: requests.Response, deadline: _Deadline) -> bytes:
        body = bytearray()
        self._check_size(int(length) if (length := response.headers.get("Content-Length", "")).isdecimal() else 0)
        try:
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                self._check_size(len(body))
                deadline.left()
        except (requests.RequestException, HTTPError, OSError) as error:
            deadline.left()
            raise _failed(error) from error
        deadline.left()  # a connection cut by the deadline can look like the end of the file
        return bytes(body)

    def _check_size(self, size: int) -> None:
        if size > self.limits.bytes:
            raise FetchFailed(
                f"The file is larger than {self.limits.bytes / 1e6:g} MB. Nothing was read.", code="too_large"
            )


@dataclass(frozen=True, slots=True)
class _Target:
    """One hop: where to, and the request to send there."""

    scheme: str
    host: str
    port: int
    request: requests.PreparedRequest

    @property
    def url(self) -> str:
        return self.request.url or ""

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


def _read_target(url: str, ports: frozenset[int], accept: str) -> _Target:
    """The one reading of an address: what is checked here is what is looked up, connected to and asked for."""
    _split(url)  # as it was typed
    headers = {"User-Agent": "Marquee", "Accept": accept, "Accept-Encoding": "gzip"}
    try:
        request = requests.Request("GET", url.strip(), headers=headers).prepare()
    except (requests.RequestException, HTTPError, ValueError):
        raise _no_address() from None
    parts = _split(request.url or "")  # as it will be sent: other alphabets and escapes spelled out
    port = parts.port or DEFAULT_PORT[parts.scheme]
    if port not in ports:
        raise AddressRefused("Only the usual web ports are read. Nothing was fetched.", code="address_port")
    target = _Target(parts.scheme, _host(parts), port, request)
    request.headers["Host"] = target.host_header
    return target


def _split(url: str) -> SplitResult:
    """The parts of a plain http(s) address with a host and without a password."""
    text = url.strip()
    if len(text) > LONGEST_ADDRESS or any(character <= " " or character in "\\\x7f" for character in text):
        raise _no_address()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _no_address() from None
    if parts.scheme not in DEFAULT_PORT:
        raise AddressRefused("An address begins with https:// or http://. Nothing was fetched.", code="address_scheme")
    if "@" in parts.netloc:
        raise AddressRefused(
            "Addresses with a user name or password in them are not read. Nothing was fetched.", code="address_password"
        )
    if not parts.hostname or port == 0:
        raise _no_address()
    return parts


def _host(parts: SplitResult) -> str:
    """The host; refuses names without a dot and numbers that are not an address in its usual spelling."""
    host = (parts.hostname or "").lower()
    if read_address(host):
        return host
    labels = host.rstrip(".").split(".")
    if len(labels) < 2 or not all(labels) or labels[-1][0].isdigit():
        raise _not_public()
    if not all(character.isalnum() or character in "-_." for character in host):
        raise _no_address()
    return host


class _Deadline:
    """The end of one fetch, when the connection in use is cut: a server that drips bytes meets no read timeout."""

    def __init__(self, seconds: float) -> None:
        self._at = monotonic() + seconds
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def left(self) -> float:
        """Seconds to go; raises FetchFailed when there are none."""
        seconds = self._at - monotonic()
        if seconds <= 0 or self._is_over:
            raise FetchFailed("The server took too long. Nothing was read.", code="too_slow")
        return seconds

    def watch(self, connection: socket.socket) -> None:
        """Cut this one from now on."""
        with self._lock:
            self._socket = connection
        if self._is_over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self._is_over = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was faster
                    self._socket = None


class _Pinned(HTTPAdapter):
    """Sends one request to one checked address, whatever its name means to anyone else by now."""

    def __init__(self, target: _Target, address: Address, deadline: _Deadline) -> None:
        super().__init__(max_retries=0)
        self._target, self._address, self._deadline = target, str(address), deadline

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """A fresh connection; proxies of the environment would look the name up again, so there are none."""
        if self._target.scheme == "http":
            return _Pool(self._address, self._target.port, deadline=self._deadline)
        name = self._target.host.rstrip(".")
        return _SecurePool(
            self._address, self._target.port, server_hostname=name, assert_hostname=name, deadline=self._deadline
        )


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, deadline: _Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, deadline: _Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _location(response: requests.Response) -> str:
    location = response.headers.get("Location", "")
    if not location:
        raise FetchFailed("The server redirects without saying where to. Nothing was read.", code="redirects")
    return location.encode("latin-1", "replace").decode("utf-8", "replace")


def _failed(error: Exception | None) -> FetchFailed:
    if isinstance(error, requests.exceptions.SSLError):
        return FetchFailed("The server could not prove who it is. Nothing was read.", code="certificate")
    return FetchFailed("The server gave no proper answer. Nothing was read.", code="no_answer")


def _no_address() -> AddressRefused:
    return AddressRefused("This is not a web address. Nothing was fetched.", code="address_spelling")


def _not_public() -> AddressRefused:
    """One sentence for names that lead inside and names nobody knows, so that the inside cannot be mapped by asking."""
    return AddressRefused(
        "No public server is known under this address. Check its spelling; addresses inside a private network are not "
        "read. Nothing was fetched.",
        code="address_not_public",
    )
