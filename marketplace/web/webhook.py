"""Where Stripe's events arrive: verified on the raw body, stored once, answered at once; the work comes later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from flask import Blueprint, Response, request

from marketplace.gateways.payment.base import IncomingEvent, SignatureInvalid, WrongEventForm
from marketplace.services.stripe_event import store_event
from marketplace.services.webhook_refusal import Address, Reason, count_refusal
from marketplace.web.guard import public
from marketplace.web.media import outside
from marketplace.web.transaction import now, unit_of_work

LARGEST_EVENT: Final = 256 * 1024
blueprint = Blueprint("webhook", __name__)
log = structlog.get_logger("marquee.webhook")
Read = Callable[[bytes, str | None], IncomingEvent]


@blueprint.post("/webhook/stripe")
@public
def stripe_own() -> Response:
    """Snapshot events of our own account."""
    return _take("own", outside().payment.read_snapshot_event)


@blueprint.post("/webhook/stripe/connected")
@public
def stripe_connected() -> Response:
    """Snapshot events of connected accounts, which name theirs."""
    return _take("connected", outside().payment.read_connected_event)


@blueprint.post("/webhook/stripe/thin")
@public
def stripe_thin() -> Response:
    """Thin events about v2 accounts."""
    return _take("thin", outside().payment.read_thin_event)


def _take(address: Address, read: Read) -> Response:
    """400 for what we cannot trust or read, so that Stripe shows it as failed; 200 for anything we have stored."""
    if (request.content_length or 0) > LARGEST_EVENT:
        return Response("too large", 413)
    try:
        event = read(request.get_data(cache=False), request.headers.get("Stripe-Signature"))
    except SignatureInvalid:
        return _refuse(address, "signature", "signature invalid")
    except WrongEventForm:
        return _refuse(address, "form", "wrong form of event for this address")
    with unit_of_work() as db:
        is_new = store_event(db, event, now=now())
    log.info("webhook_stored" if is_new else "webhook_known", event_id=event.id, type=event.kind)
    return Response("", 200)


def _refuse(address: Address, reason: Reason, words: str) -> Response:
    with unit_of_work() as db:
        count = count_refusal(db, address=address, reason=reason, now=now())
    log.warning("webhook_refused", address=address, reason=reason, this_hour=count)
    return Response(words, 400)
