"""One-time codes: set up by the app's key, asked for after the password, and a recovery code in their place."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from marketplace.config import Settings
from marketplace.models import Account
from marketplace.web.guard import NEEDS_CODES
from tests.web.auth.test_joining import ACTOR, PASSWORD, confirm_newest
from tests.web.scene import Scene, scene

__all__ = ["scene"]


def code_of(key: str, *, steps_ahead: int = 0) -> str:
    """The six digits of RFC 6238 that an authenticator app shows for this key now."""
    bare = key.replace("-", "")
    padded = bare + "=" * (-len(bare) % 8)
    counter = struct.pack(">Q", int(time.time()) // 30 + steps_ahead)
    digest = hmac.new(base64.b32decode(padded), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(client: FlaskClient) -> str:
    answer = client.post("/sign-in", data={"email": ACTOR["email"], "password": PASSWORD})
    return answer.location or ""


def set_up(client: FlaskClient) -> str:
    """Turn one-time codes on; returns the key."""
    page = client.post("/two-factor", data={"setup": "authenticator"}).text
    key = re.search(r'<p class="mono">([A-Z2-7-]+)</p>', page)
    action = re.search(r'action="(/two-factor/[^"]+)"', page)
    assert key, page
    assert action, page
    answer = client.post(action.group(1), data={"code": code_of(key.group(1))})
    assert answer.status_code == 302, answer.text
    return key.group(1)


def test_after_set_up_a_password_alone_does_not_sign_in(client: FlaskClient, app: Flask, settings: Settings) -> None:
    client.post("/join", data=ACTOR)
    confirm_newest(client, settings)
    sign_in(client)
    key = set_up(client)
    other = app.test_client()
    assert "/two-factor/code" in sign_in(other)
    assert other.get("/notice").status_code == 303
    assert other.post("/two-factor/code", data={"code": "000000"}).status_code == 200
    assert other.get("/notice").status_code == 303
    assert other.post("/two-factor/code", data={"code": code_of(key, steps_ahead=1)}).status_code == 302
    assert other.get("/notice").status_code == 200


def test_a_recovery_code_signs_in_once(client: FlaskClient, app: Flask, settings: Settings) -> None:
    client.post("/join", data=ACTOR)
    confirm_newest(client, settings)
    sign_in(client)
    set_up(client)
    page = client.post("/two-factor/recovery-codes").text
    recovery = re.findall(r"<li>([^<]+)</li>", page)[0]
    for expected in (302, 200):
        other = app.test_client()
        sign_in(other)
        assert other.post("/two-factor/recovery", data={"code": recovery}).status_code == expected


def test_outside_the_demo_an_admin_sets_up_codes_before_anything_else(
    app: Flask, client_as: Callable[[Account], FlaskClient], scene: Scene
) -> None:
    app.config[NEEDS_CODES] = True
    answer = client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert (answer.status_code, answer.location) == (303, "/two-factor")
    app.config[NEEDS_CODES] = False
    assert client_as(scene.ada).get("/admin/payout").status_code == 200
