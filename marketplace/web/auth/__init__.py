"""Signing up and in: Flask-Security with our accounts, forms and templates, and one-click sign-in in the demo."""

from flask import Blueprint

from marketplace.web.room import load_modules

blueprint = Blueprint("auth", __name__)

load_modules(__name__, __path__)
