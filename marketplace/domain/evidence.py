"""Evidence for a platform's bank: what a dispute's answer consists of, and what of it the bank takes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.domain.errors import Invalid

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "service_documentation": "The work was done (contract, takes, session report)",
        "customer_communication": "What was written with the platform",
        "customer_signature": "The platform’s signature",
        "receipt": "A receipt or invoice",
        "refund_policy": "The cancellation terms as they were shown",
        "uncategorized_file": "Something else",
    }
)
"""The bank's own name of each file that may be sent, one of each, and what it shows."""
MEDIA: Final[Mapping[str, str]] = MappingProxyType(
    {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
)
LARGEST_FILE: Final = 4_500_000
"""All files of one dispute together may measure so many bytes; a single one therefore, too."""
LONGEST_WORDS: Final = 20_000
SHORTEST_WORDS: Final = 10
EDITABLE: Final = ("", "draft", "refused")
"""States of evidence that has not gone to the bank: what was written can still change."""
NOT_SENT: Final = "Nothing was sent."


def check_words(words: str) -> str:
    """The words as the bank will read them; refuses none, and more than it takes."""
    plain = words.replace("\r\n", "\n").strip()
    if len(plain) < SHORTEST_WORDS:
        raise Invalid(f"Say in a few sentences why the payment is right. {NOT_SENT}", field="words")
    if len(plain) > LONGEST_WORDS:
        raise Invalid(f"The bank takes at most {LONGEST_WORDS:,} characters. {NOT_SENT}", field="words")
    return plain


def check_file(kind: str, media_type: str, size: int, beside: int) -> str:
    """The suffix under which a file is kept. `beside` is what the other files measure, all in bytes.

    Refuses a kind the bank does not know, anything but PDF, JPEG and PNG, and more than the bank takes together.
    """
    if kind not in KINDS:
        raise Invalid("Say what the file shows. Nothing was kept.", field="kind")
    if media_type not in MEDIA:
        raise Invalid("The bank takes PDF, JPEG and PNG files only. Nothing was kept.", field="file")
    if not 0 < size <= LARGEST_FILE - beside:
        left = max(LARGEST_FILE - beside, 0) / 1_000_000
        raise Invalid(f"All files together may have 4.5 MB; {left:.1f} MB are left. Nothing was kept.", field="file")
    return MEDIA[media_type]


def media_type_of(head: bytes) -> str:
    """What the first bytes of a file prove it to be; empty for anything that a bank does not take."""
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if head.startswith(b"\x89PNG\r\n\x1a\n") else ""
