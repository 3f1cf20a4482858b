"""The timeline of a booking's money: rows of every kind as lines of one list, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from marketplace.models import OutboxCommand, StripeEvent
from marketplace.services.document import full_number
from marketplace.services.trace import PostingRow, Trace
from marketplace.web import show
from marketplace.web.booking_path import NAMED, STEP_WORDS
from marketplace.web.status import Tone, status

POSTING: Final = {
    "charge": "Charged",
    "double": "Charged a second time",
    "double_refund": "Second charge returned",
    "double_refund_fail": "Return of the second charge came back",
    "fee": "Fee kept by Stripe",
    "earn": "Earned",
    "transfer": "Transferred to the actor",
    "reversal": "Transfer taken back",
    "refund": "Refunded",
    "refund_fail": "Refund came back",
    "refund_repaid": "Repaid from our bank",
    "net": "Debt of the actor taken off",
    "dispute_open": "Taken by the payer’s bank",
    "dispute_won": "Dispute won: money back",
    "dispute_lost": "Dispute lost",
}

CALL: Final = {
    "checkout.create": "open a checkout",
    "checkout.expire": "close the checkout",
    "card.charge": "charge the saved card",
    "charge.return": "return a second charge",
    "transfer.create": "transfer to the actor",
    "transfer.reverse": "take a transfer back",
    "refund.create": "refund the platform",
    "dispute.submit": "send the evidence to the bank",
}

CALL_STATE: Final[dict[str, tuple[str, Tone]]] = {
    "pending": ("waiting to be sent", "warn"),
    "leased": ("being sent", "warn"),
    "done": ("done", "ok"),
    "refused": ("refused", "bad"),
    "unknown": ("outcome unknown", "warn"),
    "dead": ("given up", "bad"),
}


BY: Final = {str(party): name for party, name in NAMED.items()}


class Tab(StrEnum):
    """What the timeline can be narrowed to."""

    ALL = "all"
    STEPS = "steps"
    MONEY = "money"
    STRIPE = "stripe"


TABS: Final = {Tab.ALL: "Everything", Tab.STEPS: "Steps and decisions", Tab.MONEY: "Money", Tab.STRIPE: "Stripe"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what happened, of what, the small print, an amount, and the names it can be found by again."""

    at: datetime
    tab: Tab
    source: str
    words: str
    small: str = ""
    codes: tuple[str, ...] = ()
    tone: Tone = ""
    minor: int | None = None
    about: tuple[str, int | str] | None = None


def lines_of(trace: Trace) -> list[Line]:
    """Every row of the trace, in the order things happened; what happened at once in the order of `SOURCES`."""
    return sorted((line for source in SOURCES for line in source(trace)), key=lambda line: line.at)


def _booking_steps(trace: Trace) -> Iterator[Line]:
    for event in trace.booking_events:
        small = _joined(_who(trace, event.principal_id, event.party), event.reason)
        yield Line(event.at, Tab.STEPS, "Booking", STEP_WORDS.get(event.step, _plain(event.step)), small)


def _payment_steps(trace: Trace) -> Iterator[Line]:
    for event in trace.payment_events:
        words = _moved("payment", event.before, event.after)
        codes = (event.stripe_event_id,) if event.stripe_event_id else ()
        yield Line(event.at, Tab.STEPS, "Payment", words, event.reason, codes)


def _payout_steps(trace: Trace) -> Iterator[Line]:
    for event in trace.payout_events:
        is_same = event.before == event.after
        words = _plain(event.step) if is_same else _moved("payout", event.before, event.after)
        small = _joined(_who(trace, event.principal_id, event.party), event.reason)
        yield Line(event.at, Tab.STEPS, "Payout", words, small, about=("payout", event.payout_id))


def _refunds(trace: Trace) -> Iterator[Line]:
    for refund in trace.refunds:
        small = _joined(f"now {_plain(refund.state).lower()}", refund.reason)
        codes = (f"re_{refund.id}", *([refund.stripe_refund_id] if refund.stripe_refund_id else []))
        yield Line(
            refund.created_at, Tab.MONEY, "Refund", "Refund asked for", small, codes, minor=refund.amount_minor,
            about=("refund", refund.id),
        )  # fmt: skip


def _disputes(trace: Trace) -> Iterator[Line]:
    for dispute in trace.disputes:
        codes, about = (dispute.stripe_dispute_id,), ("dispute", dispute.booking_id)
        minor = dispute.amount_minor
        yield Line(
            dispute.opened_at, Tab.MONEY, "Bank dispute", "Opened", _plain(dispute.reason), codes, "bad", minor, about
        )
        if dispute.submitted_at is not None:
            yield Line(dispute.submitted_at, Tab.MONEY, "Bank dispute", "Evidence sent", "", codes, "", None, about)
        if dispute.closed_at is not None:
            tone: Tone = "ok" if dispute.state == "won" else "bad"
            words = _plain(dispute.state)
            yield Line(dispute.closed_at, Tab.MONEY, "Bank dispute", words, "", codes, tone, minor, about)


def _calls(trace: Trace) -> Iterator[Line]:
    for command in trace.commands:
        words, tone = CALL_STATE.get(command.state, (command.state, ""))
        yield Line(
            command.created_at,
            Tab.STRIPE,
            "Call to Stripe",
            f"Asked to {CALL.get(command.kind, command.kind)}: {words}",
            _of_call(command),
            (command.idempotency_key, *([command.stripe_id] if command.stripe_id else [])),
            tone,
            about=("command", command.id),
        )


def _of_call(command: OutboxCommand) -> str:
    tries = f"{command.attempts} attempts" if command.attempts != 1 else "1 attempt"
    settled = f"settled after {lag(command.settled_at - command.created_at)}" if command.settled_at else ""
    return _joined(tries, settled, command.error or "")


def _stripe_events(trace: Trace) -> Iterator[Line]:
    for event in trace.stripe_events:
        tone: Tone = "bad" if event.error else "" if event.processed_at else "warn"
        codes = (event.id, *([event.object_id] if event.object_id else []))
        yield Line(
            event.received_at, Tab.STRIPE, "Event from Stripe", event.type, _of_event(event), codes, tone,
            about=("event", event.id),
        )  # fmt: skip


def _of_event(event: StripeEvent) -> str:
    received = f"received {lag(event.received_at - event.created_at)} after it was made"
    worked = (
        f"worked on {lag(event.processed_at - event.received_at)} later" if event.processed_at else "not worked on yet"
    )
    return _joined(received, worked, event.error or "")


def _postings(trace: Trace) -> Iterator[Line]:
    for row in trace.postings:
        one = row.posting
        codes = (one.event_key,)
        yield Line(
            one.at, Tab.MONEY, "Books", posting_words(row), one.memo, codes, minor=row.amount_minor,
            about=("posting", one.id),
        )  # fmt: skip


def _documents(trace: Trace) -> Iterator[Line]:
    for document in trace.documents:
        yield Line(
            document.issued_at, Tab.MONEY, "Document", f"{_plain(document.kind)} issued", "", (full_number(document),),
            minor=document.amount_minor, about=("document", document.id),
        )  # fmt: skip


def _audits(trace: Trace) -> Iterator[Line]:
    """What the audit trail has beyond the steps above, which it holds as well."""
    told = {("booking", one.step, one.at) for one in trace.booking_events}
    told |= {("payout", one.step, one.at) for one in trace.payout_events}
    for row in trace.audits:
        if (row.about, row.step, row.at) in told:
            continue
        small = _joined(_who(trace, row.principal_id, row.party), row.reason)
        noun = _plain(row.about)
        yield Line(row.at, Tab.STEPS, "Audit trail", f"{noun}: {_plain(row.step).lower()}", small)


def _mismatches(trace: Trace) -> Iterator[Line]:
    for one in trace.mismatches:
        about = ("mismatch", one.id)
        yield Line(one.first_seen_at, Tab.MONEY, "Mismatch", one.says, "", (one.key,), "bad", about=about)
        if one.settled_at is not None:
            yield Line(one.settled_at, Tab.MONEY, "Mismatch", "Settled", one.words, (one.key,), "ok", about=about)


SOURCES: Final[tuple[Callable[[Trace], Iterator[Line]], ...]] = (
    _booking_steps,
    _payment_steps,
    _payout_steps,
    _refunds,
    _disputes,
    _calls,
    _stripe_events,
    _postings,
    _documents,
    _mismatches,
    _audits,
)


def posting_words(row: PostingRow) -> str:
    """What a posting is called."""
    return POSTING.get(row.posting.kind, _plain(row.posting.kind))


def lag(span: timedelta) -> str:
    """A short time: "0.4 s", "12 s", then in larger units. A clock that runs ahead of ours counts as no time."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 60 else show.span_words(span)


def _moved(noun: str, before: str | None, after: str) -> str:
    words = status(after, noun).words
    earlier = status(before, noun).words if before else words
    return words if earlier == words else f"{earlier} → {words}"


def _who(trace: Trace, principal_id: int | None, party: str) -> str:
    name = trace.names.get(principal_id) if principal_id is not None else None
    return f"by {name or BY.get(party, party)}"


def _plain(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
