"""No actor's page can hide behind an address of the product's own."""

from __future__ import annotations

from flask import Flask

from marketplace.services.account import RESERVED


def test_words_of_our_own_addresses_are_nobodys_slug(app: Flask) -> None:
    rules = [rule.rule.split("/") for rule in app.url_map.iter_rules() if rule.rule.startswith("/actor/")]
    ours = {parts[2] for parts in rules if parts[2] and not parts[2].startswith("<")}
    assert ours <= RESERVED
