"""Users' addresses lead to public servers only, on every hop, and cannot keep us busy."""

from __future__ import annotations

import ssl
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from marketplace.gateways.public_address import Address, is_public
from marketplace.gateways.web_fetch import AddressRefused, FetchFailed, Limits, WebFetch
from tests.gateways.far_server import (
    FarServer,
    cut_short,
    dripping_body,
    dripping_head,
    endless_body,
    endless_interim,
    endless_redirect_body,
    not_http,
    packed,
    says,
    sends_to,
)

HERE = ip_address("127.0.0.1")


class Names:
    """A name server of our own; each name has answers that are given one after the other, the last for ever."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self.names = names
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self.names.get(host.rstrip("."), [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def may_reach(address: Address) -> bool:
    """As in the product, but the tests' own server may be reached too."""
    return address == HERE or is_public(address)


@pytest.fixture
def far() -> Iterator[FarServer]:
    server = FarServer(
        {
            "/hello": says(b"hello", headers={"Content-Type": "text/calendar"}),
            "/gone": says(b"", 404),
            "/unchanged": says(b"", 204),
            "/relative": sends_to("/hello", 308),
            "/circle": sends_to("/circle"),
            "/nowhere": says(b"", 302),
            "/inside": sends_to("http://169.254.169.254/latest/meta-data/"),
            "/inside-name": sends_to("http://inside.example/"),
            "/inside-v6": sends_to("http://[::ffff:7f00:1]/hello"),
            "/file": sends_to("file:///etc/passwd"),
            "/password": sends_to("http://a:b@far.example/"),
            "/packed": packed(b"hello"),
            "/bomb": packed(b"\0" * 50_000_000),
            "/strange": says(b"hello", headers={"Content-Encoding": "br"}),
            "/broken-gzip": says(b"hello", headers={"Content-Encoding": "gzip"}),
            "/large": says(b"x" * 200_001),
            "/claims-large": says(b"", headers={"Content-Length": "99999999999"}),
            "/exact": says(b"x" * 200_000),
            "/endless": endless_body,
            "/endless-redirect": endless_redirect_body,
            "/drip": dripping_body,
            "/drip-head": dripping_head,
            "/interim": endless_interim,
            "/cut": cut_short,
            "/ssh": not_http,
        }
    )
    yield server
    server.close()


def fetch_by(far: FarServer, names: Names | None = None, seconds: float = 5.0) -> WebFetch:
    ports = frozenset({80, 443, far.port})
    resolve = names or Names({"far.example": [["127.0.0.1"]]})
    return WebFetch(Limits(bytes=200_000, seconds=seconds, redirects=3, ports=ports), resolve, may_reach)


def url(far: FarServer, path: str, host: str = "far.example") -> str:
    return f"http://{host}:{far.port}{path}"


def refuses(fetch: WebFetch, address: str, code: str) -> None:
    with pytest.raises((AddressRefused, FetchFailed)) as refusal:
        fetch.get(address)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith(("Nothing was fetched.", "Nothing was read."))


def test_a_file_on_a_public_server_is_fetched_under_its_name(far: FarServer) -> None:
    fetched = fetch_by(far).get(url(far, "/hello"))
    assert (fetched.body, fetched.url, fetched.content_type) == (b"hello", url(far, "/hello"), "text/calendar")
    assert far.asked == [(f"far.example:{far.port}", "/hello")]


def test_a_packed_file_is_unpacked(far: FarServer) -> None:
    assert fetch_by(far).get(url(far, "/packed")).body == b"hello"


def test_a_redirect_is_followed_by_its_path(far: FarServer) -> None:
    fetched = fetch_by(far).get(url(far, "/relative"))
    assert (fetched.body, fetched.url) == (b"hello", url(far, "/hello"))


def test_a_redirect_is_not_read_beyond_its_head(far: FarServer) -> None:
    assert fetch_by(far).get(url(far, "/endless-redirect")).body == b"hello"


# where an address may lead --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("file:///etc/passwd", "address_scheme"),
        ("ftp://far.example/", "address_scheme"),
        ("gopher://far.example/", "address_scheme"),
        ("javascript:alert(1)", "address_scheme"),
        ("far.example/a.ics", "address_scheme"),
        ("", "address_scheme"),
        ("http://", "address_spelling"),
        ("http:///path", "address_spelling"),
        ("http://far.example:0/", "address_spelling"),
        ("http://far.example:99999/", "address_spelling"),
        ("http://far.example:port/", "address_spelling"),
        ("http://far.example/a b", "address_spelling"),
        ("http://far.example/\r\nX: y", "address_spelling"),
        ("http://far.example\\@127.0.0.1/", "address_spelling"),
        ("http://far.example/" + "a" * 3000, "address_spelling"),
        ("http://[::1", "address_spelling"),
        ("http://①②⑦.⓪.⓪.①/", "address_spelling"),
        ("http://１２７.0.0.1/", "address_spelling"),
        ("http://user:word@far.example/", "address_password"),
        ("http://user@far.example/", "address_password"),
        ("http://far.example:22/", "address_port"),
        ("https://far.example:6379/", "address_port"),
    ],
)
def test_what_is_no_plain_web_address_is_refused(far: FarServer, address: str, code: str) -> None:
    refuses(fetch_by(far), address, code)
    assert far.asked == []


# case 37
@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1", "169.254.169.254", "127.0.0.2", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]", "224.0.0.1", "255.255.255.255", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1",
        "127.0.0.1.", "017700000001", "127.0.0%2e1", "localhost", "intranet", "metadata", "far..example",
        "unknown.example",
    ],
)  # fmt: skip
def test_a_host_that_is_not_public_is_refused_however_it_is_spelled(far: FarServer, host: str) -> None:
    names = Names({spelled: [["127.0.0.1"]] for spelled in ("localhost", "intranet", "metadata", "2130706433")})
    strict = WebFetch(Limits(ports=frozenset({far.port})), names)
    refuses(strict, url(far, "/hello", host), "address_not_public")
    assert far.asked == []


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["127.0.0.1", "::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"],
     ["2002:7f00:1::"], ["fe80::1%1"], ["not an address"], []],
)  # fmt: skip
def test_one_private_answer_spoils_a_name(far: FarServer, answers: list[str]) -> None:
    refuses(fetch_by(far, Names({"far.example": [answers]})), url(far, "/hello"), "address_not_public")
    assert far.asked == []


def test_a_name_is_looked_up_once_and_the_checked_address_connected_to(far: FarServer) -> None:
    names = Names({"rebinding.example": [["127.0.0.1"], ["10.0.0.1"]]})
    assert fetch_by(far, names).get(url(far, "/hello", "rebinding.example")).body == b"hello"
    assert names.asked == ["rebinding.example"]


# case 37
def test_a_name_that_turns_private_before_the_next_hop_is_refused(far: FarServer) -> None:
    names = Names({"rebinding.example": [["127.0.0.1"], ["10.0.0.1"]]})
    refuses(fetch_by(far, names), url(far, "/relative", "rebinding.example"), "address_not_public")
    assert len(far.asked) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/inside", "address_not_public"),
        ("/inside-name", "address_not_public"),
        ("/inside-v6", "address_not_public"),
        ("/file", "address_scheme"),
        ("/password", "address_password"),
        ("/circle", "redirects"),
        ("/nowhere", "redirects"),
    ],
)
def test_every_hop_is_checked_like_the_first(far: FarServer, path: str, code: str) -> None:
    names = Names({"far.example": [["127.0.0.1"]], "inside.example": [["192.168.0.1"]]})
    refuses(fetch_by(far, names), url(far, path), code)


def test_redirects_are_counted(far: FarServer) -> None:
    refuses(fetch_by(far), url(far, "/circle"), "redirects")
    assert len(far.asked) == 4


def test_proxies_of_the_environment_are_passed_by(far: FarServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert fetch_by(far).get(url(far, "/hello")).body == b"hello"


def test_the_next_address_is_tried_where_one_does_not_connect(far: FarServer) -> None:
    fetch = WebFetch(
        Limits(ports=frozenset({far.port})), Names({"far.example": [["::1", "127.0.0.1"]]}), lambda address: True
    )
    assert fetch.get(url(far, "/hello")).body == b"hello"


# how much an answer may take ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/gone", "fetch_status"),
        ("/unchanged", "fetch_status"),
        ("/large", "too_large"),
        ("/claims-large", "too_large"),
        ("/endless", "too_large"),
        ("/bomb", "too_large"),
        ("/strange", "fetch_failed"),
        ("/broken-gzip", "no_answer"),
        ("/cut", "no_answer"),
        ("/ssh", "no_answer"),
    ],
)
def test_what_is_no_proper_file_of_bounded_size_is_refused(far: FarServer, path: str, code: str) -> None:
    refuses(fetch_by(far), url(far, path), code)


def test_a_file_of_exactly_the_limit_is_read(far: FarServer) -> None:
    assert len(fetch_by(far).get(url(far, "/exact")).body) == 200_000


# case 37
def test_a_packed_bomb_is_never_unpacked_whole(far: FarServer) -> None:
    tracemalloc.start()
    try:
        refuses(fetch_by(far), url(far, "/bomb"), "too_large")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", ["/drip", "/drip-head", "/interim"])
def test_a_server_that_drips_is_cut_off_on_time(far: FarServer, path: str) -> None:
    began = monotonic()
    refuses(fetch_by(far, seconds=0.3), url(far, path), "too_slow")
    assert monotonic() - began < 3


def test_a_resolver_that_never_answers_is_left_on_time(far: FarServer) -> None:
    def hangs(host: str, port: int) -> Sequence[str]:
        far.bell.wait(10)
        return []

    refuses(WebFetch(Limits(seconds=0.2), hangs), "http://far.example/", "too_slow")


def test_nobody_listening_is_no_answer(far: FarServer) -> None:
    far.server.socket.close()
    refuses(fetch_by(far), url(far, "/hello"), "no_answer")


# whose certificate ----------------------------------------------------------------------------------------


def make_certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for `name`, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return file


class Secure:
    """A TLS server with a certificate for far.example, and the names that clients asked it for (SNI)."""

    def __init__(self, folder: Path) -> None:
        self.file = make_certificate(folder, "far.example")
        self.names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        context.sni_callback = lambda connection, name, _: self.names.append(name)
        self.far = FarServer({"/hello": says(b"hello")}, context)

    def fetch(self, *, trusted: bool = True) -> WebFetch:
        names = Names({"far.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
        limits = Limits(seconds=5, ports=frozenset({self.far.port}))
        return WebFetch(limits, names, may_reach, str(self.file) if trusted else True)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    server = Secure(tmp_path)
    yield server
    server.far.close()


def test_the_certificate_is_checked_for_the_name_though_the_address_is_connected_to(secure: Secure) -> None:
    assert secure.fetch().get(f"https://far.example:{secure.far.port}/hello").body == b"hello"
    assert secure.names == ["far.example"]
    assert secure.far.asked == [(f"far.example:{secure.far.port}", "/hello")]


def test_a_certificate_for_another_name_is_refused(secure: Secure) -> None:
    refuses(secure.fetch(), f"https://other.example:{secure.far.port}/hello", "certificate")
    assert secure.far.asked == []


def test_a_certificate_nobody_vouches_for_is_refused(secure: Secure) -> None:
    refuses(secure.fetch(trusted=False), f"https://far.example:{secure.far.port}/hello", "certificate")
    assert secure.far.asked == []
