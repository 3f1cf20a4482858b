"""Logs: one JSON line per event in production, and no secret in any (in a process of its own: logging is global)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from marketplace.log import HIDDEN

ROOT = Path(__file__).resolve().parent.parent
PRELUDE = """
import logging, structlog
from marketplace.config import load_settings
from marketplace.log import configure_logging
configure_logging(load_settings(log_format="json"))
log = structlog.get_logger("marquee.test")
"""


def told_by(script: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_names_its_request_and_is_json_wherever_it_comes_from() -> None:
    ours, theirs = told_by("""
structlog.contextvars.bind_contextvars(request_id="abc")
log.info("booked", booking_id=7)
logging.getLogger("other.library").warning("odd %s", "thing")
""")
    assert (ours["event"], ours["request_id"], ours["booking_id"], ours["level"]) == ("booked", "abc", 7, "info")
    assert (theirs["event"], theirs["logger"]) == ("odd thing", "other.library")


def test_secrets_are_hidden_by_name_and_by_look() -> None:
    lines = told_by("""
log.info("x", password="hunter2", key="sk_live_abcdef123", note="Bearer abc.def", who="mira@reelforge.example")
log.info("y", url="postgresql://ada:geheim@db/marquee")
try:
    raise RuntimeError("whsec_" + "verysecret was wrong")
except RuntimeError:
    log.exception("z")
""")
    told = json.dumps(lines)
    for secret in ("hunter2", "sk_live_abcdef123", "abc.def", "mira@", "geheim", "whsec_verysecret"):
        assert secret not in told
    assert told.count(HIDDEN) >= 6


def test_a_row_that_the_database_refuses_is_not_quoted() -> None:
    lines = told_by("""
log.error("x", error="DETAIL:  Failing row contains (1, Ada, geheim(1),\\nnull).\\nCONTEXT: x")
log.error("y", error="hash $argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA+/x was stored")
""")
    assert [line["error"] for line in lines] == [
        f"DETAIL:  Failing row contains {HIDDEN}.\nCONTEXT: x",
        f"hash {HIDDEN} was stored",
    ]
