"""Celery tasks by noun: each opens a unit of work and calls one service. All modules here are loaded with the package,
so that what they declare with `@task` is known."""

from importlib import import_module
from pkgutil import iter_modules

for _found in iter_modules(__path__):
    import_module(f"{__name__}.{_found.name}")
