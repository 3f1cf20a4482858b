"""The default broker: kombu's filesystem transport in the data folder, with one race taken out of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

SCHEME = "folder"


class Channel(filesystem.Channel):
    """Puts a message under its name in one step.

    kombu creates the file first and fills it then: a reader that is fast enough takes an empty message and the
    consumer dies of it.
    """

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]  # kombu's own bases disagree on the name
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020d}_{uuid4()}.{queue}.msg"
        unready = folder / f".{name}"
        unready.write_bytes(str_to_bytes(dumps(payload)))
        unready.rename(folder / name)


class Transport(filesystem.Transport):
    """Filesystem transport with the channel above; polls ten times a second."""

    Channel = Channel
    polling_interval = 0.1


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"


def folder_options(data_dir: Path) -> dict[str, str]:
    """Transport options for a queue in `data_dir`; makes its folders, readable by the owner only."""
    queue, control = (data_dir / "queue" / name for name in ("message", "control"))
    for folder in (queue, control):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
    }
