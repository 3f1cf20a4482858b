"""The browser and the running site that journeys use; without a Chromium they are left out, and the run says so.

All stories are played on one site, so one process plays them: see `OneSite` beside the other fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journey.backstage import Backstage
from tests.journey.person import CHROMIUM
from tests.journey.site import running_site
from tests.machine import find_chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: Playwright's own download is not used."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found: install Debian's package chromium to run the stories in a browser")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield made
        made.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the site keeps its data."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def site(folder: Path) -> Iterator[str]:
    """The whole product with its demo data; approvals can be taken back for no time, so that money moves at once."""
    with running_site(folder, PAYOUT_UNDO_MINUTES="0") as address:
        yield address


@pytest.fixture(scope="session")
def backstage(site: str, folder: Path) -> Iterator[Backstage]:
    """What stories of money need of that site besides its pages."""
    behind = Backstage.enter(site, folder)
    with behind.database, behind.http:
        yield behind
