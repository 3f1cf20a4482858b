"""What the tests want of this machine beyond Python: Chromium and PostgreSQL, installed once where that is possible.

`python -m tests.machine` never fails: without them some tests are left out, and the run's last lines say which.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.postgresql import CannotRun, find_binaries

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
SWITCH: Final = "MARQUEE_NO_INSTALL"
WITHIN_S: Final = 240
# quick to give up, without questions, and without starting a server that nobody asked for
APT: Final = (
    "apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15",
)  # fmt: skip
QUIET: Final = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
LOSES: Final = {
    "chromium": "the stories in a browser are left out",
    "postgresql": "tests run on SQLite alone",
}


def find_chromium() -> str | None:
    """Where Chromium is, if it is anywhere."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def has_postgresql() -> bool:
    """Whether a PostgreSQL that is new enough is here."""
    try:
        find_binaries()
    except CannotRun:
        return False
    return True


def missing() -> list[str]:
    """Debian's packages that are not here."""
    here = {"chromium": find_chromium() is not None, "postgresql": has_postgresql()}
    return [package for package, is_here in here.items() if not is_here]


def why_not(environment: Mapping[str, str], *, is_root: bool) -> str | None:
    """Why nothing is installed here; None where it can be tried."""
    if environment.get(SWITCH):
        return f"{SWITCH} is set"
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        return "this is no Debian"
    return None if is_root else "only root may install packages"


def install(packages: Sequence[str]) -> None:
    """Let apt-get try, once and for a few minutes at most; what it says is of no interest."""
    for command in (("update",), ("install", *packages)):
        try:
            subprocess.run(
                (*APT, *command), env={**os.environ, **QUIET}, timeout=WITHIN_S, check=False, capture_output=True
            )
        except (OSError, subprocess.SubprocessError):
            return


def prepare(environment: Mapping[str, str], *, is_root: bool) -> list[str]:
    """Install what is missing where that is possible; sentences about what still is."""
    wanted = missing()
    if not wanted:
        return []
    reason = why_not(environment, is_root=is_root)
    if reason is None:
        print(f"Installing {' and '.join(wanted)} for the tests ({SWITCH}=1 leaves that) ...", flush=True)
        install(wanted)
        reason = "apt-get could not install it"
    return [
        f"No {package} here ({reason}): {LOSES[package]}. Debian: apt-get install {package}" for package in missing()
    ]


if __name__ == "__main__":
    for sentence in prepare(os.environ, is_root=os.geteuid() == 0):
        print(sentence, flush=True)
