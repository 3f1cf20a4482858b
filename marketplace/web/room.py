"""A room of pages: one blueprint for an audience, and every module of its package with the routes they add to it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules


def load_modules(package: str, path: Iterable[str]) -> None:
    """Import every module of a package for its effect: each adds its routes to the package's `blueprint`.

    A page is added by adding its module; there is no list to forget it in.
    """
    for found in iter_modules(path):
        import_module(f"{package}.{found.name}")
