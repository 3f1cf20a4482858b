"""Pages of admins: payouts, accounts, flags, health, audit. Routes are added by the modules of this package."""

from flask import Blueprint

from marketplace.web.room import load_modules

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

load_modules(__name__, __path__)
