"""Refusals: the business said no, in a sentence that the user may read."""

from __future__ import annotations


class Refused(Exception):
    """The business refuses a step.

    `sentence` is shown to the user as it is, so it says what did not happen ("Nothing was booked").
    `code` is stable and machine-readable; `status` is the HTTP status a front door answers with.
    """

    code = "refused"
    status = 409

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class NotFound(Refused):
    """There is no such thing, or it belongs to someone else: both look the same from outside."""

    code = "not_found"
    status = 404


class Forbidden(Refused):
    """The principal may see that this exists but may not do this."""

    code = "forbidden"
    status = 403


class Invalid(Refused):
    """The input does not make sense; `field` names the form field to mark, if one is to blame."""

    code = "invalid"
    status = 422

    def __init__(self, sentence: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.field = field


class Conflict(Refused):
    """Somebody else moved first: the row is no longer in the state this step starts from."""

    code = "conflict"
    status = 409


class SlotTaken(Conflict):
    """Another booking holds the actor at this time."""

    code = "slot_taken"

    def __init__(self, sentence: str = "Someone else has just taken this time. Nothing was booked or charged.") -> None:
        super().__init__(sentence)
