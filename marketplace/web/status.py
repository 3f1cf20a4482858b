"""States as people read them: for each noun, a state's words, tone and icon."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Tone = Literal["", "ok", "warn", "bad", "info", "accent"]


class Status(NamedTuple):
    """What a state looks like: its words, the tone of its tag and a Heroicons name."""

    words: str
    tone: Tone
    icon: str


STATUS: Final[dict[str, dict[str, Status]]] = {
    "booking": {
        "draft": Status("Draft, not sent", "", "pencil-square"),
        "requested": Status("Waiting for an answer", "warn", "clock"),
        "countered": Status("Counter-offer", "warn", "arrow-path"),
        "pencilled": Status("Pencil", "info", "pencil-square"),
        "accepted": Status("Accepted, to be paid", "accent", "credit-card"),
        "confirmed": Status("Confirmed", "info", "check"),
        "rescheduling": Status("New time proposed", "warn", "clock"),
        "in_session": Status("In session", "info", "video-camera"),
        "no_show_claimed": Status("No-show reported", "bad", "exclamation-triangle"),
        "delivered": Status("Takes delivered", "accent", "film"),
        "changes_requested": Status("Pick-ups asked for", "warn", "arrow-path"),
        "disputed": Status("Disputed", "bad", "scale"),
        "completed": Status("Completed", "ok", "check-circle"),
        "declined": Status("Declined", "", "no-symbol"),
        "withdrawn": Status("Withdrawn", "", "arrow-uturn-left"),
        "expired": Status("Not answered in time", "", "clock"),
        "lapsed": Status("Not paid in time", "", "clock"),
        "cancelled": Status("Cancelled", "", "no-symbol"),
    },
    "payment": {
        "none": Status("Not paid", "", "credit-card"),
        "opening": Status("To be paid", "warn", "credit-card"),
        "checkout_open": Status("To be paid", "warn", "credit-card"),
        "card_saved": Status("Card saved, charged later", "info", "credit-card"),
        "charge_due": Status("Card being charged", "info", "clock"),
        "action_required": Status("To be paid by hand", "warn", "exclamation-triangle"),
        "expired": Status("Not paid in time", "", "clock"),
        "processing": Status("Being processed", "info", "clock"),
        "captured": Status("Paid, held until accepted", "ok", "lock-closed"),
        "partly_refunded": Status("Partly refunded", "", "arrow-uturn-left"),
        "refunded": Status("Refunded", "", "arrow-uturn-left"),
        "failed": Status("Payment failed", "bad", "exclamation-triangle"),
        "disputed": Status("Disputed", "bad", "scale"),
        "won": Status("Dispute won", "ok", "check-circle"),
        "lost": Status("Dispute lost", "bad", "no-symbol"),
    },
    "payout": {
        "review": Status("Needs review", "warn", "clock"),
        "held": Status("On hold", "bad", "pause-circle"),
        "blocked": Status("On hold", "bad", "pause-circle"),
        "approved": Status("Approved", "info", "check"),
        "rejected": Status("Rejected", "", "no-symbol"),
        "returned": Status("Sent back to the platform", "", "arrow-uturn-left"),
        "sending": Status("Being sent", "info", "arrow-up-right"),
        "unknown": Status("Being checked", "warn", "clock"),
        "transferred": Status("On its way", "info", "arrow-up-right"),
        "settled": Status("Sent", "ok", "check-circle"),
        "paid": Status("Paid", "ok", "check-circle"),
        "failed": Status("Failed", "bad", "exclamation-triangle"),
        "reversed": Status("Taken back", "bad", "arrow-uturn-left"),
        "partly_reversed": Status("Partly taken back", "warn", "arrow-uturn-left"),
    },
    # the same payouts, as their actor reads of them
    "earning": {
        "review": Status("In review", "warn", "clock"),
        "held": Status("On hold", "bad", "pause-circle"),
        "approved": Status("On its way", "info", "arrow-up-right"),
        "sending": Status("On its way", "info", "arrow-up-right"),
        "unknown": Status("On its way", "info", "arrow-up-right"),
        "transferred": Status("On its way", "info", "arrow-up-right"),
        "settled": Status("Sent", "ok", "check-circle"),
        "rejected": Status("Not paid out", "", "no-symbol"),
        "returned": Status("Sent back to the platform", "", "arrow-uturn-left"),
        "reversed": Status("Taken back", "bad", "arrow-uturn-left"),
        "partly_reversed": Status("Partly taken back", "warn", "arrow-uturn-left"),
    },
    "stripe_event": {
        "waiting": Status("Waiting", "info", "clock"),
        "failing": Status("Tried again", "warn", "arrow-path"),
        "failed": Status("Given up", "bad", "exclamation-triangle"),
        "aside": Status("Put aside", "", "no-symbol"),
        "done": Status("Worked on", "ok", "check-circle"),
    },
    "outbox_command": {
        "pending": Status("Waiting", "info", "clock"),
        "leased": Status("Being made", "info", "arrow-path"),
        "unknown": Status("Outcome unknown", "warn", "exclamation-triangle"),
        "dead": Status("A fault of ours", "bad", "exclamation-triangle"),
        "refused": Status("Refused", "bad", "no-symbol"),
        "done": Status("Done", "ok", "check-circle"),
    },
    "write_off": {
        "proposed": Status("Waits for a second admin", "warn", "clock"),
        "made": Status("Given up", "", "check"),
        "refused": Status("Refused", "", "no-symbol"),
    },
    "take": {
        "probing": Status("Being checked", "info", "clock"),
        "ready": Status("Ready", "", "film"),
        "selected": Status("Selected", "ok", "check-circle"),
        "refused": Status("Not a usable video", "bad", "no-symbol"),
    },
    "clip": {
        "probing": Status("Being checked", "info", "clock"),
        "ready": Status("Shown", "ok", "eye"),
        "hidden": Status("Not shown", "", "eye-slash"),
        "refused": Status("Not a usable video", "bad", "no-symbol"),
    },
}


def status(state: str, noun: str) -> Status:
    """What `noun`'s `state` looks like; a state this table does not know is shown in its own words, quietly."""
    return STATUS.get(noun, {}).get(str(state)) or Status(str(state).replace("_", " ").capitalize(), "", "minus-circle")
