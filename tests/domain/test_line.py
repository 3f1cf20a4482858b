"""A name or a title is one line, in every script, and never the start of another."""

from __future__ import annotations

import pytest

from marketplace.domain.errors import Invalid
from marketplace.domain.line import check_line, is_line


@pytest.mark.parametrize("text", ["", "Zoë Ngô", "李 明", "نیما‌زاده", "👩‍🎤 Ana", "O’Hara — “the voice”"])
def test_names_of_every_script_are_lines(text: str) -> None:
    assert is_line(text)


@pytest.mark.parametrize(
    "text", ["Evil\nBcc: x@x.example", "a\rb", "a\x00b", "a\tb", "a\x1b[2J", "a\u2028b", "a\x85b", "nna\u202eivlE"]
)
def test_what_breaks_or_turns_a_line_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="one line") as refusal:
        check_line(text, field="name")
    assert refusal.value.field == "name"


def test_blanks_and_breaks_at_the_ends_are_taken_off() -> None:
    assert check_line("  Imani Okafor \n", field="name") == "Imani Okafor"
