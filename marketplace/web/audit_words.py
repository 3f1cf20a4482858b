"""A row of the audit trail as a sentence: who did what to which thing, and what changed by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from marketplace.models import Audit
from marketplace.web.status import status

PARTY: Final = {"clock": "Marquee", "platform": "The platform", "actor": "The actor", "admin": "An admin"}
THING: Final = {
    "connect_account": "Stripe account",
    "mismatch": "difference",
    "reconciliation": "comparison with Stripe",
    "account": "account",
    "flag": "flag",
    "stripe_event": "event from Stripe",
    "outbox_command": "call to Stripe",
}

VERBS: Final[Mapping[str, Mapping[str, str]]] = {
    "booking": {
        "request": "asked for",
        "accept": "accepted",
        "decline": "declined",
        "withdraw": "withdrew",
        "expire": "noted that nobody answered",
        "lapse": "noted that nobody paid",
        "confirm": "confirmed the payment of",
        "start": "started the session of",
        "deliver": "delivered the takes of",
        "request_changes": "asked for pick-ups in",
        "approve": "accepted the takes of",
        "dispute": "opened a dispute about",
        "release": "settled for the actor the dispute about",
        "split": "shared the money of",
        "refund": "settled for the platform the dispute about",
        "cancel": "cancelled",
        "sign_consent": "signed the consent for",
        "hand_out_take": "downloaded a take of",
        "escalate": "reminded the admins of",
        "stop_unsigned": "cancelled, unsigned,",
        "stop_undelivered": "cancelled, undelivered,",
    },
    "payout": {
        "create": "put up for review",
        "approve": "approved",
        "hold": "put on hold",
        "resume": "took back into review",
        "reject": "rejected",
        "ask": "asked the actor about",
        "answer": "answered a question about",
        "appeal": "asked for a second look at",
        "give_back": "sent back to the platform the money of",
        "refuse": "was not let decide on",
        "undo": "took back the approval of",
        "send": "asked Stripe for the transfer of",
        "record_transfer": "recorded the transfer of",
        "record_refusal": "recorded that Stripe refused",
        "lose_track": "lost track of",
        "wait_for_funds": "waits for funds to send",
        "record_reversal": "recorded that money was taken back from",
    },
    "write_off": {"propose": "proposed", "make": "made", "refuse": "refused"},
    "account": {"refuse": "was turned away from admins' pages, signed in with"},
    "platform": {"vet": "vetted", "suspend": "suspended", "restore": "restored"},
    "actor": {"verify": "checked the identity of", "suspend": "suspended", "restore": "restored"},
    "flag": {"cleared": "cleared", "kept": "kept"},
    "mismatch": {"settle": "settled"},
    "reconciliation": {"run": "asked for"},
    "connect_account": {
        "read_at_stripe": "read at Stripe the state of",
        "change_bank": "noted a new bank account of",
        "replace": "let go of the closed",
    },
    "stripe_event": {"replay": "had worked on again the", "put_aside": "put aside the"},
    "outbox_command": {"try_again": "asked again for the", "look_up": "looked up the"},
}


@dataclass(frozen=True, slots=True)
class Told:
    """The parts of the sentence: "Ada Admin" "approved" "payout 12" ": Needs review to Approved"."""

    who: str
    did: str
    thing: str
    change: str

    @property
    def sentence(self) -> str:
        """All of it."""
        return f"{self.who} {self.did} {self.thing}{self.change}"


def tell(row: Audit, name: str | None) -> Told:
    """The row in words; `name` is the account's that did it, None for the clock's."""
    verb = VERBS.get(row.about, {}).get(row.step) or f"took the step “{row.step.replace('_', ' ')}” with"
    thing = f"{THING.get(row.about, row.about.replace('_', ' '))} {row.before.get('event', row.about_id)}"
    return Told(name or PARTY.get(row.party, row.party), verb, thing, _change(row))


def _change(row: Audit) -> str:
    before, after = row.before.get("state"), row.after.get("state")
    if after is None or before == after or row.about == "flag":
        return ""
    now_at = status(str(after), row.about).words
    return f": {status(str(before), row.about).words} to {now_at}" if before else f": {now_at}"
