"""For a WSGI server: `gunicorn marketplace.wsgi:app`."""

from __future__ import annotations

from marketplace.config import load_settings
from marketplace.log import configure_logging
from marketplace.wiring import make_web

settings = load_settings()
configure_logging(settings)
app = make_web(settings)
