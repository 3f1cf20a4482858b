"""What Stripe still wants to know of an actor, in words that people use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

WANTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "default_outbound_destination": "A bank account for your payouts",
        "external_account": "A bank account for your payouts",
        "bank_accounts": "A bank account for your payouts",
        "legal_name": "Your full legal name",
        "first_name": "Your full legal name",
        "last_name": "Your full legal name",
        "given_name": "Your full legal name",
        "surname": "Your full legal name",
        "terms_of_service": "Your agreement with Stripe's terms",
        "tos_acceptance": "Your agreement with Stripe's terms",
        "date_of_birth": "Your date of birth",
        "dob": "Your date of birth",
        "proof_of_address": "A document that shows your address",
        "additional_document": "A second document that shows who you are",
        "primary_verification": "A photo of your identity document",
        "document": "A photo of your identity document",
        "documents": "A photo of your identity document",
        "verification": "A photo of your identity document",
        "address": "Your address",
        "id_numbers": "Your tax or identity number",
        "id_number": "Your tax or identity number",
        "ssn_last_4": "Your tax or identity number",
        "nationalities": "Your nationality",
        "phone": "Your phone number",
        "email": "Your email address",
        "contact_email": "Your email address",
        "business_profile": "What you do for a living",
        "profile": "What you do for a living",
        "country": "The country you live in",
    }
)
"""By a part of the requirement's dotted name; the first that fits, from the left."""


def say_wanted(requirements: Iterable[str]) -> tuple[str, ...]:
    """Each requirement once, in the order that Stripe gives: "identity.individual.legal_name" is a legal name."""
    return tuple(dict.fromkeys(_said(str(each)) for each in requirements))


def _said(requirement: str) -> str:
    parts = requirement.split(".")
    known = [words for name, words in WANTED.items() if name in parts]
    return known[0] if known else parts[-1].replace("_", " ").capitalize()
