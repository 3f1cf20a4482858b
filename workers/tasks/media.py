"""Looking into files that were sent: the probe reads them outside any transaction."""

from __future__ import annotations

import random
from datetime import timedelta
from io import BytesIO
from typing import BinaryIO

from marketplace.gateways.media.video import UnusableMedia, Video, poster, probe
from marketplace.gateways.storage.base import Missing, Storage
from marketplace.jobs import Job
from marketplace.services import media
from workers.sweep import one_by_one
from workers.task import Tools, task

OVERDUE = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(days=1)
"""A file that no worker could look into for so long never will be."""


@task(Job.PROBE_MEDIA)
def probe_media(tools: Tools, purpose: str, id: int) -> None:
    """Read a clip's or take's file, draw its poster, and say whether it can be watched."""
    with tools.reading() as db:
        found = media.find_unprobed(db, purpose, id)
    if found is None:
        return
    storage = tools.outside.storage
    try:
        with storage.open(found.storage_key) as file:
            video, poster_key = _look(storage, file, found.longest_ms, purpose)
    except (UnusableMedia, Missing) as refusal:
        sentence = (
            refusal.sentence if isinstance(refusal, UnusableMedia) else "The file was lost. Please send it again."
        )
        with tools.unit_of_work() as db:
            media.note_refusal(db, purpose=purpose, id=id, sentence=sentence)
        return
    with tools.unit_of_work() as db:
        ours = media.note_video(db, purpose=purpose, id=id, video=video, poster_key=poster_key)
    if not ours:
        storage.delete(poster_key)


def sweep_media(tools: Tools) -> None:
    """Probe what a lost message left behind, and forget uploads that nobody finished."""
    with tools.unit_of_work() as db:
        tokens = media.drop_stale_uploads(db, now=tools.now())
    one_by_one("upload_not_discarded", tokens, tools.outside.storage.discard)
    with tools.reading() as db:
        hopeless = media.list_unprobed(db, before=tools.now() - GIVE_UP_AFTER)
        waiting = [each for each in media.list_unprobed(db, before=tools.now() - OVERDUE) if each not in hopeless]
    one_by_one("media_not_refused", hopeless, lambda each: _give_up(tools, *each))
    random.shuffle(waiting)  # one that kills its worker must not stand before the same others each time
    one_by_one("media_not_probed", waiting, lambda each: probe_media(tools, *each))


def _give_up(tools: Tools, purpose: str, id: int) -> None:
    with tools.unit_of_work() as db:
        media.note_refusal(
            db, purpose=purpose, id=id, sentence="We could not look into this file. Please send it again."
        )


def _look(storage: Storage, file: BinaryIO, longest_ms: int, purpose: str) -> tuple[Video, str]:
    video = probe(file, longest_ms=longest_ms)
    picture = BytesIO(poster(file))
    return video, storage.put(picture, kind="poster", suffix=".webp", content_type="image/webp").key
