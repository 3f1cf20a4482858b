"""Chargebacks: what becomes of an actor's money while a platform's bank decides, and after, in words for everyone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

TAKE_BACK_WITHIN: Final = timedelta(days=7)
"""So long after its transfer a payout is taken back when its payment is disputed; later the actor has long had it."""

POLICY: Final = (
    "While a platform’s bank disputes a payment, nothing of that booking is paid out.",
    f"What was sent less than {TAKE_BACK_WITHIN.days} days before is taken back, and paid again when it is won.",
    "What was sent earlier stays with you. Of your other payouts as much waits as could have to go back.",
    "A lost dispute costs us our fee and you your part. What was not taken back is taken off your next payouts.",
)

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bank_cannot_process": "The bank could not process the charge",
        "check_returned": "A check was returned",
        "credit_not_processed": "A refund was promised and did not come",
        "customer_initiated": "The customer started it",
        "debit_not_authorized": "The debit was not authorised",
        "duplicate": "Charged twice",
        "fraudulent": "The cardholder says they did not pay",
        "general": "No particular reason",
        "incorrect_account_details": "The account details are wrong",
        "insufficient_funds": "The account has no money",
        "noncompliant": "The charge breaks the card network’s rules",
        "product_not_received": "The service was not given",
        "product_unacceptable": "The service was not as described",
        "subscription_canceled": "A subscription was cancelled",
        "unrecognized": "The cardholder does not recognise the charge",
    }
)


def reason_words(reason: str) -> str:
    """A bank's reason in words; one we do not know as it is written."""
    return REASONS.get(reason, reason.replace("_", " ").capitalize() or "No reason was given")
