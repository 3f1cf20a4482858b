"""Reading busy times in a process of its own, which is ended when its time is up.

Some short rules take years to expand (the 30th of February, by the second), and nothing inside a process can stop its
own loop in someone else's code. The child gets the file and no environment, so it knows no keys.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Final

from marketplace.domain.availability import Interval
from marketplace.gateways.calendar.busy import LONGEST_WINDOW, busy_times
from marketplace.gateways.calendar.content import CalendarRefused

LONGEST_READING_S: Final = 10.0


def read_busy(
    data: bytes, zone: str, window: Interval, *, own: str = "", seconds: float = LONGEST_READING_S
) -> list[Interval]:
    """The busy parts of `window` (at most 750 days) by the calendar file `data`: in order, disjoint, UTC, half-open.

    `zone` is the actor's IANA zone, for whole days and for times that name none. Transparent and cancelled events
    take no time, nor do events whose UID ends with `own`: our bookings come back. Refuses (CalendarRefused) what is no
    calendar, is cut short or not wholly understood, repeats too often, or takes more than `seconds`.
    """
    if window.length > LONGEST_WINDOW:
        raise ValueError(f"busy times are read for at most {LONGEST_WINDOW.days} days")
    question = {"zone": zone, "own": own, "window": [window.starts_at.isoformat(), window.ends_at.isoformat()]}
    answer = json.loads(_run(json.dumps(question).encode() + b"\n" + data, seconds))
    if "sentence" in answer:
        refusal = CalendarRefused("", code=answer["code"])
        refusal.sentence = answer["sentence"]
        raise refusal
    return [_interval(pair) for pair in answer["busy"]]


def _run(question: bytes, seconds: float) -> bytes:
    command = [sys.executable, "-P", "-m", __name__]
    surroundings = {"PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(
            command, input=question, env=surroundings, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise CalendarRefused("The calendar takes too long to read.", code="calendar_too_slow") from None
    if done.returncode:
        raise CalendarRefused("The calendar cannot be read.")
    return done.stdout


def _answer(question: bytes) -> dict[str, object]:
    head, _, data = question.partition(b"\n")
    asked = json.loads(head)
    try:
        busy = busy_times(data, asked["zone"], _interval(asked["window"]), asked["own"])
    except CalendarRefused as refusal:
        return {"code": refusal.code, "sentence": refusal.sentence}
    return {"busy": [[one.starts_at.isoformat(), one.ends_at.isoformat()] for one in busy]}


def _interval(pair: list[str]) -> Interval:
    starts_at, ends_at = (datetime.fromisoformat(text).astimezone(UTC) for text in pair)
    return Interval(starts_at, ends_at)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(sys.stdin.buffer.read())))
