"""Ids that carry the handle they stand for, and the handles that behave badly on purpose."""

from typing import Final

RESERVED: Final = {
    "gone_actor": "there is no such account",
    "suspended_actor": "the account was suspended",
    "protected_actor": "the profile is there, the posts are not",
    "limited_actor": "429 for every call",
    "broken_actor": "503 for every call",
    "garbled_actor": "200 with a page of HTML",
    "broke_actor": "402: the credits are used up",
    "slow_actor": "an answer after longer than anyone waits",
    "silent_actor": "a profile and not one post",
    "bare_actor": "no figures at all",
    "renewed_actor": "post_count and repost_count instead of tweet_count and retweet_count",
}
"""Handles that answer as described; every other handle has an ordinary account."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789_.-"


def id_of(handle: str) -> str:
    """A string of digits from which `handle_of` can tell the handle (in lower case) after any restart."""
    return "1" + "".join(f"{_LETTERS.index(letter):02d}" for letter in handle.lower())


def handle_of(account_id: str) -> str | None:
    """The handle behind an id of `id_of`; None if it is none."""
    digits = account_id[1:]
    if not (account_id.isascii() and account_id.isdecimal()) or account_id[0] != "1" or not digits or len(digits) % 2:
        return None
    places = [int(digits[start : start + 2]) for start in range(0, len(digits), 2)]
    return "".join(_LETTERS[place] for place in places) if max(places) < len(_LETTERS) else None


def is_handle(text: str) -> bool:
    """Whether an account may be called so: letters, digits, dot, dash and underscore, 30 at most."""
    return 0 < len(text) <= 30 and all(letter in _LETTERS for letter in text.lower())
