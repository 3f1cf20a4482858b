"""Settings: one frozen record read from the environment; every default runs with nothing installed."""

from __future__ import annotations

import contextlib
import secrets
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from marketplace import config_rule as rule
from marketplace.domain.document import Issuer
from marketplace.domain.money import OFFERED

SANDBOX_STRIPE_KEY = "sk_test_sandbox"
SANDBOX_X_TOKEN = "sandbox-x-token"
BROKERS = {"redis", "rediss", "amqp", "amqps", "filesystem"}
FOLDER = frozenset({"filesystem"})
MEMORY = frozenset({"memory"})
NEEDED_IN_PRODUCTION = (
    "secret_key", "password_salt", "base_url", "database_url", "broker_url", "stripe_secret_key", "smtp_url",
)  # fmt: skip


class ConfigurationError(Exception):
    """The settings are wrong or half: one sentence that names the variable."""


class Settings(BaseSettings):
    """Everything the environment can change.

    Field names are the environment variables in lower case. Amounts of time are seconds unless named otherwise.
    Raises ConfigurationError (through `load_settings`) when a value is wrong or one of a pair is missing.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    environment: Literal["demo", "production"] = "demo"
    # absolute from the start: what serves files would read a relative one from its own folder
    data_dir: Annotated[Path, AfterValidator(Path.absolute)] = Path("data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: str | None = None
    secret_key: SecretStr | None = None
    password_salt: SecretStr | None = None
    web_threads: int = Field(default=8, ge=1, le=64)
    web_workers: int = Field(default=1, ge=1, le=64)
    worker_processes: int = Field(default=2, ge=1, le=64)
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    log_format: Literal["console", "json"] | None = None

    database_url: str | None = None
    broker_url: str | None = None
    limiter_url: str = "memory://"

    stripe_secret_key: SecretStr | None = None
    # comma-separated, so that a new secret can be added before the old one goes
    stripe_webhook_secret: SecretStr | None = None
    # of the endpoints for connected accounts and for thin events; unset: signed with the one above
    stripe_connected_webhook_secret: SecretStr | None = None
    stripe_thin_webhook_secret: SecretStr | None = None
    stripe_api_base: str | None = None
    stripe_calls_per_second: float = Field(default=20.0, gt=0, le=100)
    sandbox_stripe_port: int = Field(default=0, ge=0, le=65535)

    x_bearer_token: SecretStr | None = None
    x_api_base: str | None = None
    # US cents; once spent, X is not read until the next UTC day
    x_daily_budget_minor: int = Field(default=2_500, ge=0)
    sandbox_network_port: int = Field(default=0, ge=0, le=65535)

    smtp_url: SecretStr | None = None
    mail_from: str = "Marquee <hello@marquee.example>"

    s3_bucket: str | None = None
    s3_endpoint_url: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_region: str = "us-east-1"

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    marketplace_fee_bp: int = Field(default=800, ge=0, le=5000)
    four_eyes_limit_minor: int = Field(default=200_000, ge=0)
    # for so long an approval can be taken back; nothing moves before
    payout_undo_minutes: int = Field(default=10, ge=0, le=1440)

    # who invoices: on every document as it is when it is issued
    company_name: Annotated[str, Field(max_length=120)] = "Marquee"
    company_address: Annotated[str, Field(max_length=300)] = ""
    company_tax_number: Annotated[str, Field(max_length=60)] = ""

    @model_validator(mode="after")
    def _pairs_are_whole(self) -> Self:
        if self.stripe_secret_key and not self.stripe_webhook_secret:
            raise ValueError("STRIPE_WEBHOOK_SECRET is missing: STRIPE_SECRET_KEY needs it to verify Stripe's events")
        if self.stripe_webhook_secret and not self.stripe_secret_key:
            raise ValueError("STRIPE_SECRET_KEY is missing although STRIPE_WEBHOOK_SECRET is set")
        if (self.stripe_connected_webhook_secret or self.stripe_thin_webhook_secret) and not self.stripe_webhook_secret:
            raise ValueError("STRIPE_WEBHOOK_SECRET is missing although a secret of another endpoint is set")
        if self.stripe_api_base and not self.stripe_secret_key:
            raise ValueError("STRIPE_SECRET_KEY is missing although STRIPE_API_BASE is set")
        if self.x_api_base and not self.x_bearer_token:
            raise ValueError("X_BEARER_TOKEN is missing although X_API_BASE is set")
        if bool(self.s3_access_key) != bool(self.s3_secret_key):
            raise ValueError("S3_ACCESS_KEY and S3_SECRET_KEY go together: one of them is missing")
        if (self.s3_access_key or self.s3_endpoint_url) and not self.s3_bucket:
            raise ValueError("S3_BUCKET is missing although other S3 settings are present")
        return self

    @model_validator(mode="after")
    def _addresses_make_sense(self) -> Self:
        rule.check_database("DATABASE_URL", self.database_url)
        rule.check_address("BROKER_URL", self.broker_url, BROKERS, hostless=FOLDER)
        rule.check_address("LIMITER_URL", self.limiter_url, {"memory", "redis", "rediss"}, hostless=MEMORY)
        rule.check_address("SMTP_URL", _plain(self.smtp_url), {"smtp", "smtps"})
        rule.check_site("BASE_URL", self.base_url)
        rule.check_address("STRIPE_API_BASE", self.stripe_api_base, {"http", "https"})
        rule.check_address("X_API_BASE", self.x_api_base, {"http", "https"})
        rule.check_address("S3_ENDPOINT_URL", self.s3_endpoint_url, {"http", "https"})
        rule.check_sender("MAIL_FROM", self.mail_from)
        return self

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        for_stripe = self.stripe_api_base is None
        rule.check_stripe_key("STRIPE_SECRET_KEY", _plain(self.stripe_secret_key), for_stripe=for_stripe)
        for name in ("stripe_webhook_secret", "stripe_connected_webhook_secret", "stripe_thin_webhook_secret"):
            rule.check_webhook_secrets(name.upper(), _plain(getattr(self, name)), for_stripe=for_stripe)
        if self.is_demo:
            rule.check_no_live_key("STRIPE_SECRET_KEY", _plain(self.stripe_secret_key))
        return self

    @model_validator(mode="after")
    def _terms_are_known(self) -> Self:
        if self.currency not in OFFERED:
            raise ValueError(f"CURRENCY is none that Marquee reckons in: choose one of {', '.join(sorted(OFFERED))}")
        return self

    @model_validator(mode="after")
    def _production_is_complete(self) -> Self:
        if self.environment == "production":
            for name in NEEDED_IN_PRODUCTION:
                if not getattr(self, name):
                    raise ValueError(f"{name.upper()} is missing: ENVIRONMENT=production needs it")
            rule.check_encrypted("BASE_URL", self.public_url)
            rule.check_long_enough("SECRET_KEY", _plain(self.secret_key) or "")
            rule.check_long_enough("PASSWORD_SALT", _plain(self.password_salt) or "")
        return self

    @model_validator(mode="after")
    def _ports_can_be_had(self) -> Self:
        rule.check_ports(self.ports)
        return self

    # what the defaults amount to -----------------------------------------------------------------

    @property
    def is_demo(self) -> bool:
        """Whether one-click sign-ins and the sandbox pages may be shown."""
        return self.environment == "demo"

    @property
    def issuer(self) -> Issuer:
        """Who stands on invoices and statements as the one who issues them."""
        return Issuer(self.company_name, self.company_address, self.company_tax_number)

    @property
    def public_url(self) -> str:
        """Our own address without a trailing slash, as browsers and Stripe see it."""
        return (self.base_url or self.local_url).rstrip("/")

    @property
    def local_url(self) -> str:
        """Where this machine reaches the web process: nobody can open an address that means "every interface"."""
        host = "127.0.0.1" if _is_every_interface(self.host) else self.host
        return f"http://{bracketed(host)}:{self.port}"

    @property
    def bind(self) -> str:
        """Where the web process listens, as gunicorn writes it."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def ports(self) -> dict[str, int]:
        """Every port a start needs on this machine, by the variable that changes it."""
        needed = {"PORT": self.port}
        if self.uses_stripe_sandbox:
            needed["SANDBOX_STRIPE_PORT"] = self.stripe_sandbox_port
        if self.is_demo:
            needed["SANDBOX_NETWORK_PORT"] = self.network_sandbox_port
        return needed

    @property
    def uses_folder_queue(self) -> bool:
        """Whether jobs wait in the data folder, which only processes of one machine share."""
        return self.broker_url is None or self.broker_url.startswith("filesystem")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'marquee.db'}"

    @property
    def uses_stripe_sandbox(self) -> bool:
        """Whether no Stripe key is set, so the embedded stand-in serves the SDK."""
        return self.stripe_secret_key is None

    @property
    def moves_real_money(self) -> bool:
        """Whether Stripe's key is a live one."""
        return self.stripe_key.startswith(rule.LIVE_KEYS)

    @property
    def stripe_sandbox_port(self) -> int:
        """Where the embedded Stripe stand-in listens."""
        return self.sandbox_stripe_port or self.port + 1

    @property
    def stripe_base(self) -> str | None:
        """Address of the Stripe API, or None for Stripe's own."""
        if self.uses_stripe_sandbox:
            return f"http://127.0.0.1:{self.stripe_sandbox_port}"
        return self.stripe_api_base

    @property
    def stripe_key(self) -> str:
        """The secret key the SDK sends."""
        return _plain(self.stripe_secret_key) or SANDBOX_STRIPE_KEY

    @property
    def stripe_webhook_secrets(self) -> tuple[str, ...]:
        """Secrets of the endpoint for our own account's events, newest first."""
        return self._webhook_secrets(self.stripe_webhook_secret, "stripe-webhook")

    @property
    def stripe_connected_webhook_secrets(self) -> tuple[str, ...]:
        """Secrets of the endpoint for connected accounts' events; those of our own where none are set."""
        given = self.stripe_connected_webhook_secret or self.stripe_webhook_secret
        return self._webhook_secrets(given, "stripe-webhook-connected")

    @property
    def stripe_thin_webhook_secrets(self) -> tuple[str, ...]:
        """Secrets of the endpoint for thin events; those of our own where none are set."""
        given = self.stripe_thin_webhook_secret or self.stripe_webhook_secret
        return self._webhook_secrets(given, "stripe-webhook-thin")

    def _webhook_secrets(self, given: SecretStr | None, purpose: str) -> tuple[str, ...]:
        """The parts of what is given; without any, one of our own for the embedded stand-in."""
        plain = _plain(given)
        if plain is None:
            return (f"whsec_{local_secret(self.data_dir, purpose)}",)
        return tuple(part.strip() for part in plain.split(",") if part.strip())

    @property
    def uses_x_sandbox(self) -> bool:
        """Whether no X token is set, so the embedded stand-in serves tweepy."""
        return self.x_bearer_token is None

    @property
    def network_sandbox_port(self) -> int:
        """Where the embedded network stand-in listens."""
        return self.sandbox_network_port or self.port + 2

    @property
    def network_sandbox_base(self) -> str:
        """Address of the embedded network stand-in."""
        return f"http://127.0.0.1:{self.network_sandbox_port}"

    @property
    def x_base(self) -> str | None:
        """Address of the X API, or None for X's own."""
        return self.x_api_base or (self.network_sandbox_base if self.uses_x_sandbox else None)

    @property
    def x_token(self) -> str:
        """The bearer token tweepy sends."""
        return _plain(self.x_bearer_token) or SANDBOX_X_TOKEN

    def secret(self, purpose: str) -> str:
        """A secret string for signing: from SECRET_KEY where set, else kept in the data folder."""
        given = _plain(self.secret_key)
        return f"{given}:{purpose}" if given else local_secret(self.data_dir, purpose)


def load_settings(**overrides: object) -> Settings:
    """Read the environment; raise ConfigurationError with one sentence naming the variable."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # overrides are validated by pydantic
    except ValidationError as error:
        raise ConfigurationError(_sentence(error)) from None


def make_folder(folder: Path) -> None:
    """Make the data folder or one in it, readable by its owner only; raise ConfigurationError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR cannot be used: {folder} cannot be made ({error.strerror}).") from error


def local_secret(data_dir: Path, purpose: str) -> str:
    """A random secret that is made once and kept, readable by its owner only, in the data folder."""
    path = data_dir / "secrets" / purpose
    if not path.exists():
        make_folder(path.parent)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)  # the first of racing processes wins; the others read its value
        fresh.unlink()
    return path.read_text()


def bracketed(host: str) -> str:
    """A host as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_every_interface(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False  # a name


def _plain(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    variable = "_".join(str(part) for part in first["loc"]).upper()
    return f"{variable} is wrong: {message}." if variable else f"{message}."
