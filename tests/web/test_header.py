"""What every answer carries, what forms need, and how those who try too much are slowed down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.config import Settings, load_settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside, connect_outside
from marketplace.models import Account
from marketplace.web import create_app
from marketplace.web.header import content_policy
from tests.conftest import Jobs
from tests.web.scene import Scene, scene

__all__ = ["scene"]
ClientAs = Callable[[Account], FlaskClient]
SIGN_IN = {"email": "nobody@nowhere.example", "password": "guess after guess"}


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/join", "/healthz", "/nowhere", "/admin/payout", "/asset/x/app.css"]
)
def test_every_answer_carries_the_strict_policy(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Request-Id"]


def test_forms_may_lead_to_stripe_and_to_the_stand_in_and_nowhere_else() -> None:
    here = content_policy(load_settings(port=24000))
    real = content_policy(load_settings(stripe_secret_key="sk_test_x", stripe_webhook_secret="whsec_x"))
    assert "form-action 'self' https://checkout.stripe.com" in here
    assert "http://127.0.0.1:24001" in here
    assert "127.0.0.1" not in real


def test_a_request_keeps_the_id_it_came_with_if_that_is_one(client: FlaskClient) -> None:
    assert (
        client.get("/healthz", headers={"X-Request-Id": "trace-12345678"}).headers["X-Request-Id"] == "trace-12345678"
    )
    odd = client.get("/healthz", headers={"X-Request-Id": "x y<script>"}).headers["X-Request-Id"]
    assert len(odd) == 32


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(database: Database, jobs: Jobs, tmp_path: str) -> None:
    settings = load_settings(
        data_dir=tmp_path, database_url=str(database.engine.url), base_url="https://marquee.example"
    )
    app = create_app(settings, database, jobs, connect_outside(settings))
    answer = app.test_client().get("/sign-in", base_url="https://marquee.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


# case 40
def test_a_form_without_its_token_changes_nothing(app: Flask, client_as: ClientAs, scene: Scene) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert client_as(scene.ada).post("/sign-out").status_code == 400
    assert app.test_client().post("/demo/admin").status_code == 400


def test_guesses_are_slowed_down(settings: Settings, database: Database, jobs: Jobs, outside: Outside) -> None:
    app = create_app(settings, database, jobs, outside)
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    statuses = [browser.post("/sign-in", data=SIGN_IN).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert browser.get("/sign-in").status_code == 200


# case 40
def test_nobody_is_sent_to_another_site_after_signing_in(client: FlaskClient) -> None:
    answer = client.get("/admin/payout?x=//evil.example")
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=/admin/payout")


def test_the_demo_sign_in_is_not_there_in_production(database: Database, jobs: Jobs, tmp_path: str) -> None:
    settings = load_settings(
        environment="production", data_dir=tmp_path, database_url=str(database.engine.url), secret_key="s" * 32,
        password_salt="p" * 16, broker_url="redis://h", base_url="https://marquee.example",
        stripe_secret_key="sk_live_x", stripe_webhook_secret="whsec_x", smtp_url="smtp://localhost",
    )  # fmt: skip
    app = create_app(settings, database, jobs, connect_outside(settings))
    app.config["WTF_CSRF_ENABLED"] = False
    here = "https://marquee.example"
    assert app.test_client().get("/demo", base_url=here).status_code == 404
    refused = app.test_client().post("/demo/admin", base_url=here, headers={"Referer": f"{here}/sign-in"})
    assert refused.status_code == 404
    assert "one click" not in app.test_client().get("/sign-in", base_url=here).text
