"""The sign-up form: one for platforms and actors, with what each of them must tell."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_security.forms import RegisterFormV2
from wtforms import DateField, StringField
from wtforms.validators import AnyOf, DataRequired, Length, Optional

from marketplace.services.account import is_adult
from marketplace.web.form import refuse_breaks
from marketplace.web.transaction import now
from marketplace.web.viewer import ZONES

KINDS = ("platform", "actor")


class SignUpForm(RegisterFormV2):
    """Who joins, as what. `zone` is what the browser says, kept only if it is a zone."""

    joins_as = StringField("You are", validators=[AnyOf(KINDS, "Choose one of the two")], default="platform")
    name = StringField("Your name", validators=[DataRequired("Enter your name"), Length(max=120)])
    platform_name = StringField("Platform or studio", validators=[Optional(), Length(max=120)])
    born_on = DateField("Date of birth", validators=[Optional()])

    def validate(self, **kwargs: Any) -> bool:
        """Each kind of account needs one thing more; the rest is judged whatever they chose."""
        is_fine: bool = super().validate(**kwargs)
        is_fine = refuse_breaks(self) and is_fine
        if self.joins_as.data == "platform" and not (self.platform_name.data or "").strip():
            self.platform_name.errors = ["Enter the name of your platform or studio"]
            is_fine = False
        if self.joins_as.data == "actor":
            wrong = birth_problem(self.born_on.data, now().date())
            if wrong:
                self.born_on.errors = [wrong]
                is_fine = False
        return is_fine


def birth_problem(born_on: date | None, today: date) -> str | None:
    """What is wrong with a date of birth, or None."""
    if born_on is None:
        return "Enter your date of birth"
    if not date(1900, 1, 1) <= born_on <= today:
        return "Enter a date in the past, like 1998-04-30"
    return None if is_adult(born_on, today) else "Marquee is for people who are 18 or older. No account was made."


def known_zone(told: str) -> str:
    """The zone if it is one, else UTC."""
    return told if told in ZONES else "UTC"
