"""What tests need not pay for: waits, costs and work that real life has, and thousands of tests would have each."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from tempfile import gettempdir

import pytest
import structlog
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from passlib.hash import argon2
from stripe._http_client import HTTPClient
from werkzeug.routing import Rule

_compile = Rule.compile
_compiled: dict[tuple[object, ...], Rule] = {}


def lighten() -> None:
    """Once for each process that runs tests, before anything else."""
    gc.set_threshold(100_000, 50, 100)  # by default a fifth of the time goes into looking for what nobody holds
    lasting = pytest.MonkeyPatch()
    lasting.setattr(HTTPClient, "INITIAL_DELAY", 0.01)
    lasting.setattr(argon2, "memory_cost", 64)
    lasting.setattr(argon2, "default_rounds", 1)
    # every test has an application of its own, with the same templates and routes
    lasting.setattr(Rule, "compile", _compile_once)
    folder = Path(gettempdir()) / f"marquee-templates-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(folder))}
    # structlog's own choice draws each traceback with all its variables, which takes more than a second
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


def _compile_once(rule: Rule) -> None:
    """What a route is compiled to follows from its text and its converters, unless it has defaults."""
    known = _compiled.get((rule.rule, *rule.map.converters.items()))
    if known is None or rule.defaults or known.defaults:
        _compile(rule)
        _compiled[rule.rule, *rule.map.converters.items()] = rule
        return
    rule._parts, rule._trace, rule._converters = known._parts, known._trace, known._converters
    rule.arguments |= known.arguments
    for name in ("_build", "_build_unknown"):
        setattr(rule, name, getattr(known, name).__func__.__get__(rule))
