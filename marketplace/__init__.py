"""Marquee: a marketplace where platforms book actors for performance capture."""
