"""The marketplace's own terms of trade, as pages need them: the fee and the currency of new prices."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Flask, current_app

from marketplace.config import Settings
from marketplace.domain.document import Issuer

FEE_BP: Final = "MARQUEE_FEE_BP"
CURRENCY: Final = "MARQUEE_CURRENCY"
FOUR_EYES: Final = "MARQUEE_FOUR_EYES_LIMIT"
UNDO_MINUTES: Final = "MARQUEE_UNDO_MINUTES"
ISSUER: Final = "MARQUEE_ISSUER"


def install(app: Flask, settings: Settings) -> None:
    """Keep the terms with the application."""
    app.config[FEE_BP] = settings.marketplace_fee_bp
    app.config[CURRENCY] = settings.currency
    app.config[FOUR_EYES] = settings.four_eyes_limit_minor
    app.config[UNDO_MINUTES] = settings.payout_undo_minutes
    app.config[ISSUER] = settings.issuer


def fee_bp() -> int:
    """The marketplace fee on top of an actor's price, in basis points; the platform pays it."""
    bp: int = current_app.config[FEE_BP]
    return bp


def currency() -> str:
    """ISO 4217 code in which rates are compared and new ones set."""
    code: str = current_app.config[CURRENCY]
    return code


def four_eyes_limit_minor() -> int:
    """The amount, in minor units, above which two admins must approve a payout."""
    minor: int = current_app.config[FOUR_EYES]
    return minor


def issuer() -> Issuer:
    """Who issues invoices and statements."""
    company: Issuer = current_app.config[ISSUER]
    return company


def payout_undo() -> timedelta:
    """How long an approval can be taken back; nothing moves before."""
    return timedelta(minutes=current_app.config[UNDO_MINUTES])
