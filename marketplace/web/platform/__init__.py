"""Pages of a platform's members. Routes are added by the modules of this package."""

from flask import Blueprint

from marketplace.web.room import load_modules

blueprint = Blueprint("platform", __name__, url_prefix="/platform")

load_modules(__name__, __path__)
