"""Pages of actors. Routes are added by the modules of this package."""

from flask import Blueprint

from marketplace.web.room import load_modules

blueprint = Blueprint("actor", __name__, url_prefix="/actor")

load_modules(__name__, __path__)
