"""Celery tasks by noun: each opens a unit of work and calls one service."""
