"""Pages for anyone: what this is, browse, an actor's page. Routes are added by the modules of this package."""

from flask import Blueprint

from marketplace.web.room import load_modules

blueprint = Blueprint("public", __name__)

load_modules(__name__, __path__)
