"""The form that asks an actor for a slot: its fields, and the moments of the brief as rows."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from flask import request
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from marketplace.domain.consent import PURPOSE_LONGEST, PURPOSE_SHORTEST
from marketplace.domain.flavour import Display, Intensity
from marketplace.domain.rate import MOST_PICKUPS, MOST_TAKE_SETS, PLACE_LONGEST
from marketplace.services.booking_request import BeatAsk
from marketplace.web.form import Form

BEATS_AT_FIRST: Final = 2
MOST_BEATS: Final = 12
SECONDS: Final = 8
BOOK, PENCIL, DRAFT = "book", "pencil", "draft"
"""What the form's buttons ask for."""


class RequestForm(Form):
    """What is asked; the beats and the topics are read apart, a row each."""

    actor = HiddenField(validators=[DataRequired()])
    slot = HiddenField("Time", [DataRequired("Choose a time")])
    minutes = HiddenField(validators=[DataRequired()])
    usage = HiddenField("Usage rights", [DataRequired()])
    territory = HiddenField("Territory")
    exclusivity = HiddenField("Exclusivity")
    draft = HiddenField()
    token = HiddenField(validators=[DataRequired(), Length(max=64)])
    shown_total_minor = HiddenField()
    told = HiddenField()
    topic = HiddenField("What the scene holds")
    project = StringField("Title", [DataRequired("Name the title the takes are for"), Length(max=120)])
    character = StringField("Character", [Length(max=120)])
    purpose = TextAreaField(
        "What the takes are for",
        [
            DataRequired("Say what the takes are for"),
            Length(PURPOSE_SHORTEST, PURPOSE_LONGEST, "Write %(min)d to %(max)d characters"),
        ],
    )
    place = StringField("Country or region", [Length(max=PLACE_LONGEST, message="%(max)d characters at most")])
    take_sets = SelectField("Take sets", choices=[(str(n), str(n)) for n in range(1, MOST_TAKE_SETS + 1)], default="1")
    pickups = SelectField(
        "Further rounds of pick-ups", choices=[(str(n), str(n)) for n in range(MOST_PICKUPS + 1)], default="0"
    )
    offered = StringField("Your own offer")
    message = TextAreaField("Message", [Length(max=2000, message="2,000 characters at most")])

    def is_fit(self, act: str) -> bool:
        """Whether it can be sent as it is; a draft may leave its purpose unwritten, but not overlong."""
        fit = bool(self.validate())
        if act == DRAFT and not fit and len(self.purpose.data or "") <= PURPOSE_LONGEST:
            self.purpose.errors = ()
            return not self.errors
        return fit


@dataclass(frozen=True, slots=True)
class BeatRow:
    """A moment as it was typed. A row without a flavour is an empty one."""

    from_flavour: str = ""
    to_flavour: str = ""
    intensity: str = Intensity.MEDIUM.word
    display: str = Display.NATURAL.word
    line: str = ""


def typed_beats() -> list[BeatRow]:
    """The rows as they were typed, empty ones among them; one at least, and no more than a brief holds."""
    columns = [request.form.getlist(name) for name in ("from_flavour", "to_flavour", "intensity", "display", "line")]
    return [BeatRow(*row) for row in zip(*columns, strict=False)][:MOST_BEATS] or [BeatRow()]


def beat_ask(row: BeatRow) -> BeatAsk:
    """A row as it is asked for; one without a second flavour stays with its first."""
    return BeatAsk(
        from_flavour=row.from_flavour,
        to_flavour=row.to_flavour or None,
        intensity=row.intensity,
        display=row.display,
        seconds=SECONDS,
        line=row.line.strip()[:500],
    )


def digest_of(asks: tuple[str, ...]) -> str:
    """What the actor will be asked about, in so few letters that a form can send it back."""
    return sha256("\n".join(asks).encode()).hexdigest()[:32] if asks else ""
