"""Which actors the visiting platform has saved."""

from __future__ import annotations

from collections.abc import Set

from marketplace.services.shortlist import saved_ids
from marketplace.web.guard import find_principal
from marketplace.web.transaction import reading


def saved_actors() -> Set[int] | None:
    """The saved actors' ids; None for a visitor who works for no platform and has no list."""
    principal = find_principal()
    if principal is None or principal.platform_id is None:
        return None
    return saved_ids(reading(), principal.platform_id)
