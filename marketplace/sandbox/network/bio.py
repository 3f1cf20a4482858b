"""What made-up accounts say about themselves, and a page on which the demo's actors can change it.

Real networks let only an account's owner write there, which is why a code in it proves the account; here everyone is
everyone's owner, and nothing is kept when the stand-in ends.
"""

from html import escape
from typing import Final

from flask import Blueprint, request

BIOS: Final[dict[tuple[str, str], str]] = {}
LONGEST: Final = 300
STYLE: Final = "body{font:16px system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}textarea{width:100%}"


def bio_of(network: str, handle: str) -> str:
    """What the account's profile says."""
    return BIOS.get((network, handle.lower()), "Actor. Short dramas, long nights.")


def bio_routes() -> Blueprint:
    """The page under /bio?network=...&handle=..."""
    routes = Blueprint("bio", __name__)

    @routes.route("/bio", methods=["GET", "POST"])
    def bio() -> str:
        network, handle = request.values.get("network", "")[:16], request.values.get("handle", "")[:40]
        if request.method == "POST":
            BIOS[network, handle.lower()] = request.form.get("bio", "")[:LONGEST]
        saved = "<p role=status>Saved. Go back to Marquee and let it look.</p>" if request.method == "POST" else ""
        return (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(handle)} on {escape(network)}</title>"
            f"<style>{STYLE}</style><h1>{escape(handle)}</h1><p>This page stands in for {escape(network)}.</p>{saved}"
            f"<form method=post><input type=hidden name=network value='{escape(network)}'>"
            f"<input type=hidden name=handle value='{escape(handle)}'><label for=bio>Bio</label><br>"
            f"<textarea id=bio name=bio rows=4>{escape(bio_of(network, handle))}</textarea><br>"
            "<button>Save the profile</button></form></html>"
        )

    return routes
