"""Consent: a grant signed by the actor for one use, specific enough to mean something. Being listed is never one."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from marketplace.domain.errors import Invalid
from marketplace.domain.line import lowered
from marketplace.domain.rate import Usage, check_place

GRANT_VERSION: Final = 2
"""2 names territory, place and exclusivity. A signed grant keeps its own terms, as they were hashed."""

PURPOSE_SHORTEST: Final = 20
PURPOSE_LONGEST: Final = 1_000

_CATCH_ALL: Final = ("any use", "any ai use", "any purpose", "all purposes", "all uses", "anything", "whatever")
"""Wordings that make a consent unspecific, and so no consent."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What exactly is allowed: who may use the takes of which booking, in what, as whom, what for and how long.

    `training` is whether models may learn from the takes: no, unless the actor says yes by a separate act.
    """

    booking_id: int
    platform: str
    actor: str
    project: str
    character: str
    purpose: str
    usage: Usage
    training: bool = False

    def to_json(self) -> dict[str, Any]:
        """The terms as they are stored and hashed."""
        return {
            "version": GRANT_VERSION,
            "booking_id": self.booking_id,
            "platform": self.platform,
            "actor": self.actor,
            "project": self.project,
            "character": self.character,
            "purpose": self.purpose,
            "usage_scope": self.usage.scope.value,
            "usage_term": self.usage.term.value,
            "territory": self.usage.territory.value,
            "place": self.usage.place,
            "exclusivity": self.usage.exclusivity.value,
            "training": self.training,
        }

    def sentences(self) -> tuple[str, ...]:
        """The terms as the actor reads them above the signature."""
        role = f" as {self.character}" if self.character else ""
        return (
            f"{self.platform} may use the takes it accepts from booking {self.booking_id} for “{self.project}”{role}.",
            f"What for: {self.purpose}",
            f"In what and how long: {lowered(self.usage.use_label)}, from the day the takes are accepted.",
            f"Where: {lowered(self.usage.where)}.",
            f"{self.usage.exclusivity.label}. {self.usage.exclusivity.sentence}",
            "Models may be trained on the takes." if self.training else "No model may be trained on the takes.",
            "Any other use needs a new consent. Being listed here is not consent to anything.",
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """A signed grant: the hash of its terms, the name as typed, and when."""

    terms_sha256: str
    signed_name: str
    signed_at: datetime


def digest(terms: Terms) -> str:
    """SHA-256 of the terms in canonical JSON (sorted keys, no spaces, UTF-8), in hex."""
    canonical = json.dumps(terms.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_specific(terms: Terms) -> None:
    """Refuse terms that name no project, no place, or no purpose a person could hold someone to."""
    if not terms.project.strip():
        raise Invalid("Name the title the takes are for.", field="project", code="not_specific")
    check_place(terms.usage)
    purpose = _plain(terms.purpose)
    if len(purpose) < PURPOSE_SHORTEST or len(purpose) > PURPOSE_LONGEST:
        raise Invalid(
            f"Say what the takes are for in {PURPOSE_SHORTEST} to {PURPOSE_LONGEST} characters.",
            field="purpose",
            code="not_specific",
        )
    if any(words in purpose for words in _CATCH_ALL):
        raise Invalid(
            "“Any use” is not specific, so it cannot be consented to. Name the scenes or shots.",
            field="purpose",
            code="not_specific",
        )


def sign(terms: Terms, typed_name: str, shown_sha256: str, now: datetime) -> Signature:
    """The actor's signature under `terms`.

    Refuses terms that are not specific, a name that is not the actor's, and terms other than those that were shown
    (`shown_sha256` comes back from the page).
    """
    check_specific(terms)
    if shown_sha256 != digest(terms):
        raise Invalid("The terms have changed since you opened this page. Read them again.", code="terms_changed")
    if _plain(typed_name) != _plain(terms.actor):
        raise Invalid(f"Type your name as it stands here: {terms.actor}.", field="signed_name", code="name")
    return Signature(digest(terms), " ".join(typed_name.split()), now)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
