"""Forms: WTForms with our CSRF token, and errors in the shape that the templates' error summary draws."""

from __future__ import annotations

from flask import render_template
from flask_wtf import FlaskForm

from marketplace.domain.errors import Refused

WHOLE_FORM = "form"


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form. `problems` maps field names to one sentence each; labels come from the fields."""

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


def render_form(template: str, form: Form, **context: object) -> tuple[str, int] | str:
    """The page with its form; after a failed submit it answers 422 and the title begins with "Error:"."""
    problems = form.problems
    page = render_template(template, form=form, errors=problems, labels=form.labels, **context)
    return (page, 422) if problems else page
