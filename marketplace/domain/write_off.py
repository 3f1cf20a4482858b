"""What an actor owes and will not pay: one admin proposes to give it up, another decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from marketplace.domain.errors import Conflict, Invalid
from marketplace.domain.money import Money
from marketplace.domain.payout import ALONE, NotYours

LEAST_WORDS: Final = 10


class State(StrEnum):
    """Where a write-off is."""

    PROPOSED = "proposed"
    MADE = "made"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Facts:
    """Who decides on what: `owed_minor` is the debt in the books now, `debtor_id` the account of the actor who owes.

    `proposer_id` is None while it is being proposed.
    """

    amount: Money
    owed_minor: int
    principal_id: int
    debtor_id: int | None
    words: str
    proposer_id: int | None = None
    has_others: bool = True


def check_proposal(facts: Facts) -> None:
    """Refuse what is one's own, has no words, or is not within the debt."""
    _check_words(facts)
    _check_amount(facts)


def check_decision(facts: Facts, after: State) -> None:
    """Refuse who proposed it, who owes it, no words, and to give up more than is owed by now."""
    if facts.principal_id == facts.proposer_id:
        who = "another admin has to decide" if facts.has_others else ALONE
        raise Conflict(f"You have proposed this: {who}. Nothing was changed.")
    _check_words(facts)
    if after == State.MADE:
        _check_amount(facts)


def _check_words(facts: Facts) -> None:
    if facts.principal_id == facts.debtor_id:
        raise NotYours("This debt is your own, so someone else must decide. Nothing was changed.")
    if len(facts.words.strip()) < LEAST_WORDS:
        raise Invalid("Say in a sentence why: it stays in the audit. Nothing was changed.", field="words")


def _check_amount(facts: Facts) -> None:
    if not 0 < facts.amount.minor <= facts.owed_minor:
        owed = Money(max(facts.owed_minor, 0), facts.amount.currency)
        raise Invalid(f"Give an amount up to what is owed now, {owed}. Nothing was changed.", field="amount")
