"""Settings: wrong, half and unsafe ones stop the start with one sentence that names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketplace.__main__ import main
from marketplace.command.check_config import components, remarks
from marketplace.command.sandbox import stand_ins
from marketplace.command.serve import Server
from marketplace.config import ConfigurationError, load_settings
from tests.command.production import PRODUCTION, VARIABLES

STRIPE = {"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}


def told_of(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int = 2
) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["check-config"]) == status
    told = capsys.readouterr()
    return told.err if status else told.out


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "ninety"}, "PORT"),
        ({"PORT": "65535"}, "PORT is too high"),
        ({"SANDBOX_STRIPE_PORT": "8000"}, "SANDBOX_STRIPE_PORT is the same port as PORT"),
        ({"CURRENCY": "XYZ"}, "CURRENCY"),
        ({"MAIL_FROM": "banana"}, "MAIL_FROM"),
        ({"BASE_URL": "https://"}, "BASE_URL names no host"),
        ({"BASE_URL": "https://m.example/shop"}, "BASE_URL has more than"),
        ({"BASE_URL": "https://m.example:x"}, "BASE_URL has a port"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must start with"),
        ({"DATABASE_URL": "postgresql://h:banana/d"}, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "postgresql://h:99999/d"}, "DATABASE_URL has a port"),
        ({"DATABASE_URL": "postgresql://h"}, "DATABASE_URL names no database"),
        ({"DATABASE_URL": "sqlite://"}, "DATABASE_URL names no file"),
        ({"BROKER_URL": "redis://h:banana/0"}, "BROKER_URL has a port"),
        ({"BROKER_URL": "redis://"}, "BROKER_URL names no host"),
        ({"LIMITER_URL": "banana://"}, "LIMITER_URL must start with"),
        ({"SMTP_URL": "smtps://u:p@h:xx"}, "SMTP_URL has a port"),
        ({"SMTP_URL": "smtps://"}, "SMTP_URL names no host"),
        ({"X_API_BASE": "http://127.0.0.1:9"}, "X_BEARER_TOKEN is missing"),
        ({"S3_ACCESS_KEY": "x", "S3_BUCKET": "b"}, "S3_ACCESS_KEY and S3_SECRET_KEY"),
        ({"S3_BUCKET": "b", "S3_ENDPOINT_URL": "http://"}, "S3_ENDPOINT_URL names no host"),
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({**STRIPE, "STRIPE_SECRET_KEY": "pk_live_x"}, "STRIPE_SECRET_KEY is a publishable key"),
        ({**STRIPE, "STRIPE_SECRET_KEY": "banana"}, "STRIPE_SECRET_KEY is no secret key"),
        ({**STRIPE, "STRIPE_WEBHOOK_SECRET": ","}, "STRIPE_WEBHOOK_SECRET has an empty part"),
        ({**STRIPE, "STRIPE_WEBHOOK_SECRET": "banana"}, "STRIPE_WEBHOOK_SECRET holds something else"),
        ({"STRIPE_THIN_WEBHOOK_SECRET": "whsec_x"}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({**STRIPE, "STRIPE_CONNECTED_WEBHOOK_SECRET": "banana"}, "STRIPE_CONNECTED_WEBHOOK_SECRET holds something"),
        ({**STRIPE, "STRIPE_THIN_WEBHOOK_SECRET": "whsec_x,"}, "STRIPE_THIN_WEBHOOK_SECRET has an empty part"),
        ({"ENVIRONMENT": "production"}, "SECRET_KEY is missing"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_of(variables, monkeypatch, capsys)
    assert told.startswith(f"Marquee cannot start: {named}")
    assert told.count("\n") == 1


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_the_demo_refuses_a_key_that_moves_real_money(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_of({**STRIPE, "STRIPE_SECRET_KEY": key}, monkeypatch, capsys)
    assert "STRIPE_SECRET_KEY is a live key" in told
    assert "ENVIRONMENT=production" in told


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("SECRET_KEY", "a", "SECRET_KEY is too short"),
        ("PASSWORD_SALT", "a", "PASSWORD_SALT is too short"),
        ("BASE_URL", "http://marquee.example", "BASE_URL must start with https://"),
        ("BROKER_URL", "", "BROKER_URL is missing"),
        ("DATABASE_URL", "", "DATABASE_URL is missing"),
        ("SMTP_URL", "", "SMTP_URL is missing"),
        ("STRIPE_WEBHOOK_SECRET", "", "STRIPE_WEBHOOK_SECRET is missing"),
    ],
)
def test_production_refuses_what_is_unsafe_or_missing(
    variable: str, value: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert named in told_of({**VARIABLES, variable: value}, monkeypatch, capsys)


def test_production_may_be_tried_on_this_machine_without_tls() -> None:
    assert load_settings(**{**PRODUCTION, "base_url": "http://127.0.0.1:8000"}).environment == "production"


def test_another_server_for_stripe_may_have_keys_of_its_own() -> None:
    settings = load_settings(stripe_secret_key="k", stripe_webhook_secret="w", stripe_api_base="http://127.0.0.1:9")
    assert settings.stripe_base == "http://127.0.0.1:9"


def test_a_secret_is_never_in_the_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    told = told_of({"DATABASE_URL": "postgresql://u:geheim@h:x/d", "PORT": "x"}, monkeypatch, capsys)
    monkeypatch.delenv("PORT")
    assert "geheim" not in told + told_of({}, monkeypatch, capsys)


def test_check_config_says_what_a_whole_installation_uses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_of({**VARIABLES, "LIMITER_URL": "redis://u:geheim@h/1", "S3_BUCKET": "b"}, monkeypatch, capsys, 0)
    shown = {line[:12].strip(): line[13:] for line in told.splitlines() if line}
    assert shown["Stripe"] == "Stripe, live: real money"
    assert shown["X"].startswith("not read")
    assert shown["limiter"].startswith("redis://")
    assert "geheim" not in told
    assert "One machine only" not in told
    assert "several machines" in told


def test_check_config_says_which_parts_keep_an_installation_on_one_machine() -> None:
    settings = load_settings(
        **{**PRODUCTION, "database_url": "sqlite:////srv/m.db", "broker_url": "filesystem://"}, web_workers=3
    )
    told = " ".join(remarks(settings))
    assert "One machine only: the database is a SQLite file, jobs wait in the data folder, clips" in told
    assert "Each of 3 web processes counts alone" in told
    assert components(settings)["broker"] == "a queue in the data folder"


def test_check_config_warns_of_the_demos_open_doors() -> None:
    assert "signs in as an admin" in remarks(load_settings())[0]
    assert components(load_settings())["X"] == "the embedded stand-in"


@pytest.mark.parametrize(
    ("host", "link", "bound"),
    [
        ("127.0.0.1", "http://127.0.0.1:24000", "127.0.0.1:24000"),
        ("0.0.0.0", "http://127.0.0.1:24000", "0.0.0.0:24000"),
        ("::", "http://127.0.0.1:24000", "[::]:24000"),
        ("localhost", "http://localhost:24000", "localhost:24000"),
        ("::1", "http://[::1]:24000", "[::1]:24000"),
    ],
)
def test_every_host_has_links_that_open_and_an_address_that_gunicorn_reads(host: str, link: str, bound: str) -> None:
    settings = load_settings(host=host, port=24000)
    assert settings.public_url == link
    assert Server(settings).cfg.address == [(host, 24000)]
    assert settings.bind == bound


def test_the_stand_in_sends_its_events_to_where_the_web_process_listens(tmp_path: Path) -> None:
    (stripe, _), _ = stand_ins(load_settings(host="::1", port=24000, data_dir=tmp_path))
    sandbox = stripe.extensions["stripe_sandbox"]
    urls = [target.url for target in sandbox.deliverer.targets]
    sandbox.deliverer.stop()
    sandbox.state.close()
    assert urls[0] == "http://[::1]:24000/webhook/stripe"


def test_a_data_folder_that_cannot_be_made_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    assert main(["migrate"]) == 2
    assert "DATA_DIR cannot be used" in capsys.readouterr().err
    with pytest.raises(ConfigurationError):
        load_settings().secret("session")


def test_each_endpoint_has_its_secrets_and_those_of_our_own_where_none_are_set() -> None:
    whole = load_settings(stripe_secret_key="sk_test_x", stripe_webhook_secret="whsec_a, whsec_b")
    assert whole.stripe_connected_webhook_secrets == whole.stripe_thin_webhook_secrets == ("whsec_a", "whsec_b")
    apart = load_settings(
        stripe_secret_key="sk_test_x", stripe_webhook_secret="whsec_a", stripe_connected_webhook_secret="whsec_c",
        stripe_thin_webhook_secret="whsec_d,whsec_e",
    )  # fmt: skip
    assert apart.stripe_webhook_secrets == ("whsec_a",)
    assert apart.stripe_connected_webhook_secrets == ("whsec_c",)
    assert apart.stripe_thin_webhook_secrets == ("whsec_d", "whsec_e")


def test_the_stand_in_signs_for_each_address_with_a_secret_of_its_own(tmp_path: Path) -> None:
    demo = load_settings(data_dir=tmp_path)
    kinds = (demo.stripe_webhook_secrets, demo.stripe_connected_webhook_secrets, demo.stripe_thin_webhook_secrets)
    assert len({secret for (secret,) in kinds}) == 3


def test_one_list_of_webhook_secrets_is_remarked_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "One list of webhook secrets" in told_of(STRIPE, monkeypatch, capsys, status=0)
    apart = {**STRIPE, "STRIPE_CONNECTED_WEBHOOK_SECRET": "whsec_c", "STRIPE_THIN_WEBHOOK_SECRET": "whsec_t"}
    assert "One list of webhook secrets" not in told_of(apart, monkeypatch, capsys, status=0)
