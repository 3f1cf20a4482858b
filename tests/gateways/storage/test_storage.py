"""Both stores keep the same promises; the local one also signs its own addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from marketplace.gateways.storage.base import Missing, Storage, check_key, make_key
from marketplace.gateways.storage.local import LocalStorage
from marketplace.gateways.storage.s3 import S3Storage

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.create_bucket(Bucket="marquee")
    client.close()
    yield address
    server.stop()


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files", secret="a secret")


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "local":
        store: Storage = request.getfixturevalue("local")
        return store
    address = request.getfixturevalue("s3_address")
    return S3Storage("marquee", region="us-east-1", endpoint_url=address, access_key="key", secret_key="secret")


def put(storage: Storage, content: bytes) -> str:
    return storage.put(BytesIO(content), kind="clip", suffix=".mp4", content_type="video/mp4").key


def test_what_is_put_can_be_opened_again(storage: Storage) -> None:
    content = bytes(range(256)) * 9000
    stored = storage.put(BytesIO(content), kind="take", suffix=".mp4", content_type="video/mp4")
    assert (stored.bytes, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert check_key(stored.key).startswith("take/")
    with storage.open(stored.key) as file:
        file.seek(100)
        assert file.read(10) == content[100:110]


def test_two_equal_files_have_keys_of_their_own(storage: Storage) -> None:
    assert put(storage, b"same") != put(storage, b"same")


def test_a_deleted_file_is_missing_and_deleting_it_again_is_harmless(storage: Storage) -> None:
    key = put(storage, b"gone soon")
    storage.delete(key)
    storage.delete(key)
    with pytest.raises(Missing):
        storage.open(key)


@pytest.mark.parametrize("key", ["../../etc/passwd", "clip/../../x", "/etc/passwd", "", "clip/aa/" + "g" * 40])
def test_a_key_that_is_none_of_ours_opens_nothing(storage: Storage, key: str) -> None:
    with pytest.raises(Missing):
        storage.open(key)
    with pytest.raises(ValueError, match="not a storage key"):
        storage.url(key, now=NOW, expires_in=HOUR)


def test_a_kind_cannot_lead_out_of_the_store() -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        make_key("../up", ".mp4")


def test_a_presigned_address_serves_the_file_with_its_type(s3_address: str) -> None:
    storage = S3Storage("marquee", region="us-east-1", endpoint_url=s3_address, access_key="key", secret_key="secret")
    answer = requests.get(storage.url(put(storage, b"a film"), now=NOW, expires_in=HOUR), timeout=5)
    assert (answer.content, answer.headers["Content-Type"]) == (b"a film", "video/mp4")
    answer.close()


def parts(url: str) -> tuple[str, str, str]:
    split = urlsplit(url)
    query = parse_qs(split.query)
    return split.path.removeprefix("/media/"), query["until"][0], query["signature"][0]


def test_a_signed_address_is_good_for_its_time_and_no_longer(local: LocalStorage) -> None:
    address = parts(local.url(put(local, b"x"), now=NOW + timedelta(minutes=20), expires_in=HOUR))
    assert local.may_read(*address, NOW + timedelta(minutes=80))
    assert not local.may_read(*address, NOW + timedelta(hours=3))


def test_a_signed_address_stays_the_same_for_a_while_so_that_browsers_can_keep_the_file(local: LocalStorage) -> None:
    key = put(local, b"x")
    first = local.url(key, now=NOW + timedelta(minutes=1), expires_in=HOUR)
    assert first == local.url(key, now=NOW + timedelta(minutes=50), expires_in=HOUR)


def test_no_part_of_a_signed_address_can_be_changed(local: LocalStorage) -> None:
    key, until, signature = parts(local.url(put(local, b"x"), now=NOW, expires_in=HOUR))
    other = put(local, b"y")
    assert not local.may_read(other, until, signature, NOW)
    assert not local.may_read(key, str(int(until) + 1), signature, NOW)
    assert not local.may_read(key, until, signature[:-1] + ("0" if signature[-1] != "0" else "1"), NOW)
    assert not local.may_read(key, "soon", signature, NOW)
    assert not local.may_read(key, until, "é", NOW)


def test_another_secret_signs_differently(local: LocalStorage) -> None:
    stranger = LocalStorage(local.root, secret="another secret")
    assert not local.may_read(*parts(stranger.url(put(local, b"x"), now=NOW, expires_in=HOUR)), NOW)


def test_a_stream_that_breaks_off_leaves_no_file(local: LocalStorage) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        local.put(Broken(), kind="clip", suffix=".mp4", content_type="video/mp4")
    assert [path for path in local.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("endpoint", [None, "https://files.example:9000"])
@pytest.mark.parametrize("bucket", ["marquee", "marquee.example"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_addresses_lead_where_the_store_says_that_it_serves_them(
    endpoint: str | None, bucket: str, region: str
) -> None:
    store = S3Storage(bucket, region=region, endpoint_url=endpoint, access_key="key", secret_key="secret")
    url = urlsplit(store.url("clip/3f/" + "0" * 40 + ".mp4", now=NOW, expires_in=HOUR))
    assert f"{url.scheme}://{url.netloc}" == store.origin


TOKEN = "t" * 32


def test_a_file_that_was_put_away_can_be_put_away_again_until_its_pieces_are_dropped(storage: Storage) -> None:
    storage.append(TOKEN, 0, BytesIO(b"a film"), most=6)
    first, second = (storage.finish(TOKEN, kind="take", suffix=".mp4", content_type="video/mp4") for _ in range(2))
    assert first == second
    assert check_key(first.key).startswith("take/")
    assert TOKEN not in first.key
    storage.discard(TOKEN)
    with storage.open(first.key) as file:
        assert file.read() == b"a film"
    with pytest.raises(Missing):
        storage.open_part(TOKEN)


def test_what_comes_for_a_token_later_never_changes_the_file(local: LocalStorage) -> None:
    local.append(TOKEN, 0, BytesIO(b"a film"), most=6)
    stored = local.finish(TOKEN, kind="take", suffix=".mp4", content_type="video/mp4")
    local.discard(TOKEN)
    local.append(TOKEN, 0, BytesIO(b"another"), most=7)
    assert local.path(stored.key).read_bytes() == b"a film"
