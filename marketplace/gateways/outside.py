"""Outside: every other company that the product talks to, each behind its Protocol, chosen by the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from marketplace.config import Settings
from marketplace.gateways.mail.base import Mail
from marketplace.gateways.mail.file import FileMail
from marketplace.gateways.mail.smtp import SmtpMail
from marketplace.gateways.network.base import Network
from marketplace.gateways.network.demo import DEMO_NETWORKS, DemoNetwork
from marketplace.gateways.network.x import XNetwork
from marketplace.gateways.payment.base import PaymentGateway
from marketplace.gateways.payment.paced import Pace, at_once
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.gateways.storage.base import Storage
from marketplace.gateways.storage.local import LocalStorage
from marketplace.gateways.storage.s3 import S3Storage
from marketplace.gateways.web_fetch import WebFetch


@dataclass(frozen=True)
class Outside:
    """The gateways; made once per process by the composition, or by a test with fakes that work.

    `networks` are by their own name ("x", "tiktok"); one that is not here is not fetched. `web` reads addresses that
    users give us.
    """

    payment: PaymentGateway
    mail: Mail
    storage: Storage
    networks: Mapping[str, Network]
    web: WebFetch = field(default_factory=WebFetch)


def connect_outside(settings: Settings, *, pace: Pace = at_once) -> Outside:
    """The real ones where the settings name them, else the local ones. Nothing is called yet.

    `pace` is asked before every request to Stripe.
    """
    return Outside(
        payment=StripeGateway(
            settings.stripe_key,
            api_base=settings.stripe_base,
            webhook_secrets=settings.stripe_webhook_secrets,
            connected_secrets=settings.stripe_connected_webhook_secrets,
            thin_secrets=settings.stripe_thin_webhook_secrets,
            pace=pace,
        ),
        mail=_mail(settings),
        storage=_storage(settings),
        networks=_networks(settings),
    )


def _mail(settings: Settings) -> Mail:
    url = _plain(settings.smtp_url)
    if url:
        return SmtpMail(url, sender=settings.mail_from)
    return FileMail(settings.data_dir / "mail", sender=settings.mail_from)


def _storage(settings: Settings) -> Storage:
    if settings.s3_bucket is None:
        return LocalStorage(settings.data_dir / "media", secret=settings.secret("media"))
    return S3Storage(
        settings.s3_bucket,
        region=settings.s3_region,
        endpoint_url=settings.s3_endpoint_url,
        access_key=_plain(settings.s3_access_key),
        secret_key=_plain(settings.s3_secret_key),
        parts=settings.data_dir / "parts",
    )


def _networks(settings: Settings) -> dict[str, Network]:
    networks: dict[str, Network] = {}
    if settings.is_demo or not settings.uses_x_sandbox:
        networks["x"] = XNetwork(settings.x_token, base=settings.x_base)
    if settings.is_demo:
        networks |= {name: DemoNetwork(name, base=settings.network_sandbox_base) for name in DEMO_NETWORKS}
    return networks


def _plain(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
