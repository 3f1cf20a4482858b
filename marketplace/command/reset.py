"""`python -m marketplace reset`: empty the data folder, so that the next run starts afresh."""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser, Namespace

from marketplace.command.run import lock_folder
from marketplace.config import Settings

HELP = "empty the data folder (demo only)"
OURS = ("marquee.db", "secrets", "queue", "run.lock", "media")


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Delete DATA_DIR; refuses in production, while a run uses it, and for a folder that does not look like ours."""
    folder = settings.data_dir
    if not settings.is_demo:
        print("reset is for the demo: with ENVIRONMENT=production nothing is deleted.", file=sys.stderr)
        return 2
    if not folder.exists():
        print("There is nothing to empty.")
        return 0
    if any(folder.iterdir()) and not any((folder / name).exists() for name in OURS):
        print(f"{folder} does not look like Marquee's data folder; nothing was deleted.", file=sys.stderr)
        return 2
    with lock_folder(folder) as is_ours:
        if not is_ours:
            print("Marquee is running on this folder: stop it first. Nothing was deleted.", file=sys.stderr)
            return 1
        shutil.rmtree(folder)
    print(f"Emptied {folder}. `make run` starts afresh.")
    return 0
