"""People in a browser: each has a window of their own, and every page they see is checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response

PASSWORD = "curtain-call"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_S = 60
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SEEN: Final[set[tuple[str, ...]]] = set()
"""Pages as somebody saw them before: the same kind, as wide, of the same elements. A check takes a second."""
SKELETON: Final = """
(html) => [...new Set([...html.querySelectorAll("body *")].map(
  (one) => `${one.tagName}.${one.className}[${one.getAttributeNames()}]${one.getAttribute("role")}`
))].sort().join()
"""
"""Which kinds of elements a page has, with their classes, attributes and roles, however many of each."""


@dataclass
class Person:
    """Somebody at the site. `faults` gathers what was wrong with the pages they saw, each page once."""

    page: Page
    site: str
    faults: list[str] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)

    @classmethod
    def arrive(cls, browser: Browser, site: str, **window: Any) -> Person:
        """Open a window; errors of scripts and of the content policy count as faults.

        Pages do not glide into each other: on a busy machine Chromium gives that up, and calls it an error of theirs.
        """
        page = browser.new_context(reduced_motion="reduce", **window).new_page()
        person = cls(page, site)
        page.on("pageerror", lambda error: person.faults.append(f"{page.url}: {error}"))
        page.on("console", person._note_console_error)
        page.on("response", person._note_server_error)
        return person

    def sign_in(self, role: str) -> Person:
        """By the demo's one-click button."""
        self.go("/demo")
        self.page.locator(f'form[action$="/demo/{role}"] button').click()
        self.look()
        return self

    def sign_in_with(self, email: str) -> Person:
        """As anybody of the demo, by address and password."""
        self.go("/sign-in")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_load_state()
        self.look()
        return self

    def go(self, path: str) -> Response | None:
        """Open a page of the site."""
        answer = self.page.goto(f"{self.site}{path}")
        self.look()
        return answer

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press the first button or link with this name in the page's own part."""
        self.button(name).click()
        self.page.wait_for_load_state()
        self.look()

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """The first visible button or link with this name in the page's own part."""
        main = self.page.locator("main")
        exact = isinstance(name, str)
        found = main.get_by_role("button", name=name, exact=exact).or_(main.get_by_role("link", name=name, exact=exact))
        return found.locator("visible=true").first

    def words(self) -> str:
        """What the page's own part says, spaces folded."""
        return " ".join(self.page.locator("main").inner_text().split())

    def sees(self, words: str) -> None:
        """The page says this."""
        assert words in self.words(), f"{self.page.url} does not say {words!r} but: {self.words()[:1500]}"

    def waits_for(self, path: str, words: str) -> None:
        """Open the page again and again until the workers have done their part and it says this."""
        self.waits_until(path, lambda: words in self.words(), words)

    def waits_until(self, path: str, has_come: Callable[[], bool], what: str) -> None:
        """Open the page again and again until `has_come()`."""
        deadline = monotonic() + PATIENCE_S
        while True:
            self.page.goto(f"{self.site}{path}")
            if has_come():
                return self.look()
            assert monotonic() < deadline, f"{path} never said {what!r} but: {self.words()[:1500]}"
            sleep(0.5)

    def look(self) -> None:
        """Check the page that is open, once per kind of page and look of it: axe, and no scrolling sideways."""
        if not self.page.url.startswith(self.site):
            return
        kind = re.sub(r"\d+", "N", urlsplit(self.page.url).path)
        if kind in self.checked:
            return
        self.checked.add(kind)
        whole = self.page.locator("html")
        whole.locator("body").wait_for(state="attached")  # what was pressed may lead on to a page that only begins
        self.page.wait_for_load_state()
        if whole.evaluate("(html) => html.scrollWidth > innerWidth + 1"):
            self.faults.append(f"{kind}: scrolls sideways at {self.page.viewport_size}")
        looks = (kind, str(self.page.viewport_size), whole.evaluate(SKELETON))
        if looks in SEEN:
            return
        SEEN.add(looks)
        found = Axe().run(self.page, options={"runOnly": RULES}).response["violations"]
        for violation in found:
            where = "; ".join(str(node["target"]) for node in violation["nodes"][:3])
            self.faults.append(f"{kind}: {violation['id']} ({violation['help']}) at {where}")

    def photograph(self, folder: Path, name: str) -> None:
        """Keep a picture of the whole page, to look at."""
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    def _note_console_error(self, line: ConsoleMessage) -> None:
        # Chromium prints as errors what is refused on purpose: a form (422) and a card (402)
        if line.type == "error" and not re.search(r"status of (422|402)", line.text):
            self.faults.append(f"{self.page.url}: {line.text}")

    def _note_server_error(self, answer: Response) -> None:
        if answer.status >= 500:
            self.faults.append(f"{answer.url} answered {answer.status}")
