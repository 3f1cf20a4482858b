"""The Stripe stand-in for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.sandbox.stripe import WebhookTarget
from tests.stripe_stand import SECRET, Inbox, Stand, running_stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A stand-in that sends nothing."""
    with running_stand(tmp_path / "stripe.db") as running:
        yield running


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A receiver of webhooks."""
    box = Inbox()
    yield box
    box.stop()


@pytest.fixture
def sending(tmp_path: Path, inbox: Inbox) -> Iterator[Stand]:
    """A stand-in that sends every kind of event to the inbox."""
    targets = [WebhookTarget(inbox.url, SECRET, kind) for kind in ("own", "connected", "thin")]
    with running_stand(tmp_path / "stripe.db", *targets) as running:
        yield running
