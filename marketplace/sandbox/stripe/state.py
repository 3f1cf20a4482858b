"""Everything the stand-in remembers, as JSON documents in one SQLite file, so that it survives a restart."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS document_by_kind ON document (kind, account, seq);
CREATE INDEX IF NOT EXISTS document_by_group ON document (kind, json_extract(body, '$.transfer_group'));
CREATE INDEX IF NOT EXISTS document_by_charge ON document (kind, json_extract(body, '$.charge'));
CREATE INDEX IF NOT EXISTS document_by_intent ON document (kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS document_by_origin ON document (kind, json_extract(body, '$.source_transaction'));
CREATE TABLE IF NOT EXISTS answer (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    created INTEGER NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    target TEXT NOT NULL,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (done, due);
CREATE INDEX IF NOT EXISTS delivery_of_event ON delivery (event, done);
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    status INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEPT_CALLS = 5000


def new_id(prefix: str, length: int = 24) -> str:
    """An identifier in Stripe's shape: a prefix and random letters and digits."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


class State:
    """One connection, used by one thread at a time; a request is one transaction."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None, timeout=30)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        # A request cut off by a crash left no answer: Stripe would let the same key run again.
        self._db.execute("DELETE FROM answer WHERE status IS NULL")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time; may be entered again by the same thread."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def run(self, sql: str, *values: Any) -> list[Any]:
        """Rows of one statement."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    @property
    def now(self) -> int:
        """Seconds since 1970, moved by the clock control."""
        return int(time.time()) + int(self.setting("clock_offset", "0"))

    def setting(self, name: str, default: str = "") -> str:
        """A remembered switch."""
        rows = self.run("SELECT value FROM setting WHERE name = ?", name)
        return str(rows[0][0]) if rows else default

    def set(self, name: str, value: str) -> None:
        """Remember a switch."""
        self.run(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def add(self, kind: str, body: Json, account: str = "") -> Json:
        """Store a new object."""
        self.run(
            "INSERT INTO document (id, kind, account, created, body) VALUES (?, ?, ?, ?, ?)",
            body["id"],
            kind,
            account,
            self.now,
            json.dumps(body),
        )
        return body

    def save(self, body: Json) -> Json:
        """Overwrite an object that exists."""
        self.run("UPDATE document SET body = ? WHERE id = ?", json.dumps(body), body["id"])
        return body

    def find(self, kind: str, ident: str, account: str = "") -> Json | None:
        """The object, or None if there is none of that kind on that account."""
        rows = self.run("SELECT body FROM document WHERE id = ? AND kind = ? AND account = ?", ident, kind, account)
        return json.loads(rows[0][0]) if rows else None

    def find_any(self, ident: str) -> Json | None:
        """The object of that identifier, whatever its kind and account (for expansion)."""
        rows = self.run("SELECT body FROM document WHERE id = ?", ident)
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str, account: str = "", **equal: Any) -> list[Json]:
        """Every object of a kind, oldest first, whose top-level fields equal the given values."""
        where, values = ["kind = ?", "account = ?"], [kind, account]
        for name, value in equal.items():
            where.append(f"json_extract(body, '$.{name}') = ?")
            values.append(value)
        # the names come from our own handlers, the values are bound
        rows = self.run(f"SELECT body FROM document WHERE {' AND '.join(where)} ORDER BY seq", *values)  # noqa: S608
        return [json.loads(row[0]) for row in rows]

    def balance(self, account: str, currency: str, *, available_only: bool) -> int:
        """Sum of the net of balance transactions, in minor units."""
        until = self.now if available_only else 1 << 60
        rows = self.run(
            "SELECT coalesce(sum(json_extract(body, '$.net')), 0) FROM document WHERE kind = 'balance_transaction'"
            " AND account = ? AND json_extract(body, '$.currency') = ? AND json_extract(body, '$.available_on') <= ?",
            account,
            currency,
            until,
        )
        return int(rows[0][0])

    def note_call(self, method: str, path: str, key: str, status: int, at: float) -> None:
        """Remember that a call came in at that second of 1970, so that a test can count them."""
        self.run(
            "INSERT INTO call (method, path, key, status, at) VALUES (?, ?, ?, ?, ?)",
            method,
            path,
            key,
            status,
            at,
        )
        self.run("DELETE FROM call WHERE id <= (SELECT max(id) FROM call) - ?", KEPT_CALLS)
