"""The demo's mailbox: every letter that would have been sent, with both its twins and what is attached."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from flask import Response, abort, make_response, render_template, send_file
from flask.typing import ResponseReturnValue

from marketplace.gateways.mail.base import Attachment
from marketplace.gateways.mail.file import FileMail, Received
from marketplace.web.auth import blueprint
from marketplace.web.auth.demo import only_in_demo
from marketplace.web.guard import public
from marketplace.web.media import outside

NEWEST: Final = 50

# a letter's own styles, and nothing else of it, may do something; its links open beside the mailbox
LETTER_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@blueprint.get("/demo/mail")
@public
def mailbox() -> str:
    """The newest letters; where SMTP sends them there is nothing to show."""
    mail = _mail()
    return render_template("auth/mailbox.html", letters=list(mail.letters(newest=NEWEST)) if mail else [])


@blueprint.get("/demo/mail/<letter_id>")
@public
def letter(letter_id: str) -> ResponseReturnValue:
    """One letter: its plain text, its HTML as a mail program shows it, and what is attached."""
    found = _letter(letter_id)
    files = [(number, file, _as_text(file)) for number, file in enumerate(found.attachments)]
    page = make_response(render_template("auth/letter.html", letter=found, files=files))
    page.headers["Content-Security-Policy"] = PAGE_POLICY
    return page


@blueprint.get("/demo/mail/<letter_id>/html")
@public
def letter_html(letter_id: str) -> ResponseReturnValue:
    """The HTML twin by itself, shut in: no script, no form, nothing from elsewhere."""
    page = Response((_letter(letter_id).html or "").replace("<head>", '<head><base target="_blank">', 1))
    page.headers["Content-Security-Policy"] = LETTER_POLICY
    return page


@blueprint.get("/demo/mail/<letter_id>/file/<int:number>")
@public
def letter_file(letter_id: str, number: int) -> ResponseReturnValue:
    """An attachment, to be saved."""
    files = _letter(letter_id).attachments
    if number >= len(files):
        abort(404)
    file = files[number]
    return send_file(BytesIO(file.content), "application/octet-stream", as_attachment=True, download_name=file.filename)


def _mail() -> FileMail | None:
    only_in_demo()
    mail = outside().mail
    return mail if isinstance(mail, FileMail) else None


def _letter(letter_id: str) -> Received:
    mail = _mail()
    found = mail.letter(letter_id) if mail else None
    return found or abort(404)


def _as_text(file: Attachment) -> str:
    return file.content.decode(errors="replace") if file.content_type.startswith("text/") else ""
