"""Documents: what kind of paper a posting wants, and how papers are numbered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What a document is. An issued one is never changed: a refund that comes back is put right by a correction."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    CORRECTION = "correction"
    PAYOUT = "payout"

    @property
    def heading(self) -> str:
        """What stands on top of it."""
        return _HEADINGS[self]


_HEADINGS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.INVOICE: "Invoice",
        Kind.CREDIT_NOTE: "Credit note",
        Kind.CORRECTION: "Correction of a credit note",
        Kind.PAYOUT: "Payout statement",
    }
)
_LETTERS: Final[Mapping[Kind, str]] = MappingProxyType(
    {Kind.INVOICE: "INV", Kind.CREDIT_NOTE: "CRN", Kind.CORRECTION: "COR", Kind.PAYOUT: "PAY"}
)

KIND_OF: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "charge": Kind.INVOICE,
        "refund": Kind.CREDIT_NOTE,
        "refund_repaid": Kind.CREDIT_NOTE,
        "refund_fail": Kind.CORRECTION,
        "transfer": Kind.PAYOUT,
        "net": Kind.PAYOUT,
    }
)
"""The document that each kind of posting wants. A `net` wants one only where nothing was left to transfer.

A refund that came back takes its credit back; made again, or repaid by hand, it is credited again."""

FOR_PLATFORM: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE, Kind.CORRECTION})
"""Documents that are made out to the platform; the others go to the actor."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues documents: the company behind the marketplace. `address` may have several lines; "" is unknown."""

    name: str
    address: str = ""
    tax_number: str = ""


def series_of(kind: Kind, at: datetime) -> str:
    """The series a document issued at `at` is numbered in: "INV-2026".

    Each year has a series of its own, by the clock of UTC. Books are closed and audited by the year: whoever does so
    sees from the last number how many papers the year has and that none is missing, and needs no other year for it.
    """
    return f"{_LETTERS[kind]}-{at.astimezone(UTC).year}"


def number_in(series: str, number: int) -> str:
    """A document's number in full: "INV-2026-000001"."""
    return f"{series}-{number:06d}"
