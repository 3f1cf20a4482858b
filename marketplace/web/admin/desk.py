"""What every admin page needs: who decides, and the small parts of a query string."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from flask import request

from marketplace.domain.payout import NotYours
from marketplace.services.account import Decider
from marketplace.services.payout_step import Decision
from marketplace.services.refused_entry import note_refusal
from marketplace.web import typed
from marketplace.web.guard import the_principal
from marketplace.web.terms import four_eyes_limit_minor
from marketplace.web.transaction import now, unit_of_work

LONGEST_WORDS = 1000


def decider() -> Decider:
    """The admin who asks, and from where."""
    return Decider(the_principal().account_id, request.remote_addr)


def decision(words: str = "") -> Decision:
    """The same for a payout, with the marketplace's own limit for one pair of eyes."""
    return Decision(
        principal_id=the_principal().account_id,
        words=words,
        limit_minor=four_eyes_limit_minor(),
        ip=request.remote_addr,
    )


@contextmanager
def keeping_tries(about: str, about_id: int) -> Iterator[None]:
    """Whoever tries to decide on money of their own is refused, and the try stays in the audit."""
    try:
        yield
    except NotYours as refusal:
        with unit_of_work() as db:
            note_refusal(db, about=about, about_id=about_id, by=decider(), words=refusal.sentence, now=now())
        raise


def words_of(name: str = "words") -> str:
    """What was typed into a field of reasons, at most a thousand characters."""
    return request.form.get(name, "").strip()[:LONGEST_WORDS]


def choice(name: str, allowed: Collection[str], default: str) -> str:
    """A query value if it is one of those allowed, else the default."""
    given = request.args.get(name, default)
    return given if given in allowed else default


def page_number() -> int:
    """The page asked for, from 1."""
    return typed.page_number(request.args.get("page", ""))
