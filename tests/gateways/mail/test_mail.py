"""Letters arrive whole: in the folder, and at a real SMTP server on this machine."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from pathlib import Path

import pytest

from marketplace.gateways.mail.base import Attachment, Letter, NotSent
from marketplace.gateways.mail.file import FileMail
from marketplace.gateways.mail.smtp import SmtpMail

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SENDER = "Marquee <hello@marquee.example>"
LETTER = Letter(
    to_address="imani@actors.example",
    to_name="Imani Okafor",
    subject="ReelForge asks for Tue 24 Nov, 14:00",
    text="Answer by Thursday.\nÉmile waits.",
    html="<p>Answer by <b>Thursday</b>.</p>",
    attachments=(
        Attachment(
            "session.ics", "text/calendar; charset=utf-8; method=REQUEST", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
        ),
    ),
    unsubscribe_url="https://marquee.example/notice/stop/1234567.messages.AbCdEfGhIjKlMnOpQrStUvWx",
)


def test_a_letter_in_the_folder_can_be_read_back(tmp_path: Path) -> None:
    mail = FileMail(tmp_path / "mail", sender=SENDER)
    mail.send(LETTER, now=NOW)
    (received,) = mail.letters()
    assert (received.to, received.subject, received.at) == ("Imani Okafor <imani@actors.example>", LETTER.subject, NOW)
    assert received.text.splitlines() == LETTER.text.splitlines()
    assert received.html is not None
    assert "<b>Thursday</b>" in received.html
    assert mail.letter(received.id) == received


def test_an_attachment_keeps_its_type_and_bytes(tmp_path: Path) -> None:
    mail = FileMail(tmp_path, sender=SENDER)
    mail.send(LETTER, now=NOW)
    (received,) = mail.letters()
    (calendar,) = received.attachments
    assert (calendar.filename, calendar.content) == ("session.ics", LETTER.attachments[0].content)
    assert {"text/calendar", 'method="REQUEST"', 'charset="utf-8"'} <= set(calendar.content_type.split("; "))


def test_a_mail_program_finds_the_button_that_stops_such_letters(tmp_path: Path) -> None:
    FileMail(tmp_path, sender=SENDER).send(LETTER, now=NOW)
    lines = next(tmp_path.glob("*.eml")).read_text().splitlines()
    assert f"List-Unsubscribe: <{LETTER.unsubscribe_url}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


def test_a_letter_that_nothing_stops_has_no_such_button(tmp_path: Path) -> None:
    FileMail(tmp_path, sender=SENDER).send(Letter("a@x.example", "", "hello", "words"), now=NOW)
    assert "List-Unsubscribe" not in next(tmp_path.glob("*.eml")).read_text()


def test_the_newest_letters_come_first_and_can_be_asked_for_by_address(tmp_path: Path) -> None:
    mail = FileMail(tmp_path, sender=SENDER)
    for minute, address in enumerate(["a@x.example", "b@x.example", "a@x.example"]):
        mail.send(Letter(address, "", f"letter {minute}", "words"), now=NOW + timedelta(minutes=minute))
    assert [letter.subject for letter in mail.letters()] == ["letter 2", "letter 1", "letter 0"]
    assert [letter.subject for letter in mail.letters(to="A@x.example")] == ["letter 2", "letter 0"]
    assert [letter.subject for letter in mail.letters(newest=1)] == ["letter 2"]


@pytest.mark.parametrize("id", ["../secrets", "nothing", ".hidden", ""])
def test_an_id_that_is_no_letter_opens_nothing(tmp_path: Path, id: str) -> None:
    (tmp_path / "secrets.eml").write_text("Subject: no")
    folder = tmp_path / "mail"
    folder.mkdir()
    assert FileMail(folder, sender=SENDER).letter(id) is None


@pytest.mark.parametrize(
    "letter",
    [
        Letter("a@x.example", "", "hello\nBcc: everyone@x.example", "words"),
        Letter("a@x.example\nBcc: b@x.example", "", "hello", "words"),
        Letter("a@x.example", "Name\r\nBcc: b@x.example", "hello", "words"),
        Letter("a@x.example", "", "hello", "words", unsubscribe_url="https://x.example/\r\nBcc: b@x.example"),
    ],
)
def test_a_line_break_cannot_start_another_header(tmp_path: Path, letter: Letter) -> None:
    with pytest.raises(NotSent) as refused:
        FileMail(tmp_path, sender=SENDER).send(letter, now=NOW)
    assert refused.value.is_final
    assert list(tmp_path.iterdir()) == []


class Server(socketserver.ThreadingTCPServer):
    """A mail server that knows just enough SMTP; refuses nobody@."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.received: list[str] = []


class Conversation(socketserver.StreamRequestHandler):
    server: Server

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.upper()
            if word.startswith("DATA"):
                self.say("354 go on")
                self.server.received.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
                self.say("250 taken")
            elif word.startswith("RCPT TO:<NOBODY@"):
                self.say("550 no such person")
            elif word.startswith("QUIT"):
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_letter_reaches_an_smtp_server(server: Server) -> None:
    SmtpMail(f"smtp://127.0.0.1:{server.server_address[1]}", sender=SENDER).send(LETTER, now=NOW)
    (raw,) = server.received
    message = message_from_string(raw, policy=policy.default)
    assert (message["Subject"], message["From"]) == (LETTER.subject, SENDER)
    assert [part.get_filename() for part in message.iter_attachments()] == ["session.ics"]
    assert message["List-Unsubscribe"] == f"<{LETTER.unsubscribe_url}>"


def test_a_refused_address_is_final_and_a_silent_server_is_not(server: Server) -> None:
    mail = SmtpMail(f"smtp://127.0.0.1:{server.server_address[1]}", sender=SENDER)
    with pytest.raises(NotSent) as refused:
        mail.send(Letter("nobody@x.example", "", "hello", "words"), now=NOW)
    assert refused.value.is_final
    with pytest.raises(NotSent) as silent:
        SmtpMail("smtp://127.0.0.1:1", sender=SENDER).send(LETTER, now=NOW)
    assert not silent.value.is_final
