"""One line of text: what a name, a title or a label may be, so that it is one everywhere, and goes into a sentence."""

from __future__ import annotations

import unicodedata
from typing import Final

from marketplace.domain.errors import Invalid

ONE_LINE: Final = "Keep this to one line of plain text, without line breaks or control characters."
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
# they turn the direction of what follows, so that a name could read as another one
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_line(text: str) -> bool:
    """Whether the text is one line: no line break of any kind, no control character, nothing that turns its
    direction."""
    return not any(unicodedata.category(letter) in _BREAKS or letter in _TURNS for letter in text)


def check_line(text: str, *, field: str) -> str:
    """The text without blanks at its ends; refuses (Invalid, for `field`) what is no single line."""
    stripped = text.strip()
    if not is_line(stripped):
        raise Invalid(f"{ONE_LINE} Nothing was saved.", field=field)
    return stripped


def lowered(words: str) -> str:
    """A label as it goes on inside a sentence: its first letter small, names within it as they are."""
    return words[:1].lower() + words[1:]
