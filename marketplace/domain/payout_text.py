"""A payout in words for the actor whose money it is: what happened, and what there is to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.domain.payout import ON_ITS_WAY, State, Step

DID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "create": "put it up for review when your takes were accepted",
        Step.APPROVE: "approved it",
        Step.HOLD: "put it on hold",
        Step.ASK: "asked you a question",
        Step.ANSWER: "answered",
        Step.APPEAL: "asked for a second look",
        Step.RESUME: "took it back into review",
        Step.REJECT: "decided not to pay it out",
        Step.GIVE_BACK: "sent the money back to the platform",
        Step.UNDO: "took the approval back",
        Step.SEND: "asked Stripe for the transfer",
        Step.WAIT_FOR_FUNDS: "waits until Stripe can make the transfer",
        Step.RECORD_TRANSFER: "saw the transfer made at Stripe",
        Step.RECORD_REFUSAL: "saw the transfer refused by Stripe",
        Step.LOSE_TRACK: "looks up at Stripe what became of the transfer",
        Step.RECORD_REVERSAL: "saw money taken back",
    }
)
"""What is read after "Ada, an admin, " or "You ". A step that is not here is our own business."""

NOTHING_TO_DO: Final = "There is nothing you have to do."


def what_to_do(state: State, *, is_asked: bool, is_appealed: bool, account_ready: bool) -> str:
    """What the actor can do about a payout in this state, in a sentence or two."""
    if state == State.HELD and is_asked:
        return "Answer the question below: your answer brings it back into review at once."
    if not account_ready and state in (State.HELD, State.REVIEW):
        return "Finish your payout account at Stripe, on Earnings: nothing can be sent before."
    if state == State.HELD:
        return f"{NOTHING_TO_DO} If the reason is wrong, ask for a second look below: another admin decides then."
    if state == State.REJECTED:
        return "If this is wrong, ask for a second look below. Otherwise a second admin may send the money back."
    if state == State.REVIEW and is_appealed:
        return f"{NOTHING_TO_DO} Another admin than the one who decided looks at it now."
    if state == State.REVIEW:
        return f"{NOTHING_TO_DO} A person looks at it within 48 hours."
    return f"{NOTHING_TO_DO} Stripe pays it to your bank." if state in ON_ITS_WAY else ""
