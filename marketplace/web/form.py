"""Forms: WTForms with our CSRF token, and errors in the shape that the templates' error summary draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import render_template
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, TextAreaField

from marketplace.domain.errors import Refused
from marketplace.domain.line import ONE_LINE, is_line

WHOLE_FORM = "form"


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form. `problems` maps field names to one sentence each; labels come from the fields."""

    def validate(self, extra_validators: Any = None) -> bool:
        """As usual, and every field of one line has to be one."""
        is_fine: bool = super().validate(extra_validators)
        return refuse_breaks(self) and is_fine

    @property
    def problems(self) -> dict[str, str]:
        """The first thing wrong with each field, in the order of the page."""
        found = {name: str(words[0]) for name, words in self.errors.items() if name and words}
        if self.form_errors:
            found[WHOLE_FORM] = str(self.form_errors[0])
        return found

    @property
    def labels(self) -> dict[str, str]:
        """What each field is called on the page."""
        return {field.name: field.label.text for field in self}

    def refuse(self, refusal: Refused) -> None:
        """Put the business's no beside the field it is about, else on top of the form."""
        field = getattr(refusal, "field", None)
        if field in self._fields:
            self._fields[field].errors = [*self._fields[field].errors, refusal.sentence]
        else:
            self.form_errors.append(refusal.sentence)


def refuse_breaks(fields: Iterable[Field]) -> bool:
    """Mark every field of one line that holds more, and say whether none does. Call it after the form's own checks."""
    broken = [field for field in fields if _wants_line(field) and not is_line(str(field.data or "").strip())]
    for field in broken:
        field.errors = [*field.errors, ONE_LINE]
        field.data = "".join(letter if is_line(letter) else " " for letter in field.data)  # what a page can show
    return not broken


def _wants_line(field: Field) -> bool:
    return isinstance(field, StringField) and not isinstance(field, (TextAreaField, PasswordField))


def render_form(template: str, form: Form, **context: object) -> tuple[str, int] | str:
    """The page with its form; after a failed submit it answers 422 and the title begins with "Error:"."""
    problems = form.problems
    page = render_template(template, form=form, errors=problems, labels=form.labels, **context)
    return (page, 422) if problems else page
