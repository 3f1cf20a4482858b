"""Files of the local store: portraits for anyone, everything else behind a signed address, with ranges for players."""

from __future__ import annotations

from typing import Final

from flask import Response, abort, redirect, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from marketplace.gateways.storage.base import Missing, Storage
from marketplace.gateways.storage.local import LocalStorage
from marketplace.web.guard import public
from marketplace.web.media import GOOD_FOR, storage
from marketplace.web.public import blueprint
from marketplace.web.transaction import now

# a QuickTime file is served by the name of its successor: it is the same container, and players know it
TYPES: Final = {".mp4": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm", ".webp": "image/webp"}
PUBLIC_KIND: Final = "portrait/"
DAY_S: Final = 24 * 60 * 60


@blueprint.get("/media/<path:key>")
@public
def media(key: str) -> ResponseReturnValue:
    """One file, whole or in ranges. What may not be read looks like what is not there."""
    store = storage()
    is_public = key.startswith(PUBLIC_KIND)
    if not isinstance(store, LocalStorage):
        return _lead_to(store, key) if is_public else abort(404)
    until, signature = request.args.get("until", ""), request.args.get("signature", "")
    save_as = request.args.get("save_as", "")
    if not is_public and not store.may_read(key, until, signature, now(), save_as):
        abort(404)
    disposition = f'attachment; filename="{save_as}"' if save_as and not is_public else "inline"
    return _send(store, key, DAY_S if is_public else int(GOOD_FOR.total_seconds()), disposition)


def _lead_to(store: Storage, key: str) -> ResponseReturnValue:
    try:
        return redirect(store.url(key, now=now(), expires_in=GOOD_FOR))
    except ValueError:  # no key of ours
        abort(404)


def _send(store: LocalStorage, key: str, max_age: int, disposition: str) -> Response:
    try:
        path = store.path(key)
    except Missing:
        abort(404)
    # a key is never used for other bytes, so it is the best of tags
    answer = send_file(
        path,
        mimetype=TYPES.get(path.suffix, "application/octet-stream"),
        etag=path.stem,
        max_age=max_age,
        conditional=False,
    )
    try:
        answer.make_conditional(request, accept_ranges=True, complete_length=path.stat().st_size)
    except RequestedRangeNotSatisfiable:
        answer.close()  # the file is open, and nobody else will close it
        raise
    answer.headers["Content-Disposition"] = disposition
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
