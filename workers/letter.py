"""Letters: a notice written out as a mail, in plain text and as HTML."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from marketplace.gateways.mail.base import Letter
from marketplace.services import notice

TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "mail"


def write_letter(found: notice.Letter, *, public_url: str) -> Letter:
    """The notice as a mail; its links lead to `public_url`."""
    values = {"letter": found, "url": f"{public_url}{found.path}"}
    return Letter(
        to_address=found.to,
        to_name=found.name,
        subject=found.title,
        text=_templates().get_template("notice.txt").render(values),
        html=_templates().get_template("notice.html").render(values),
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
