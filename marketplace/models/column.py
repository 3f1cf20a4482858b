"""Column types that make SQLite and PostgreSQL store and return the same values."""

from __future__ import annotations

from datetime import UTC as utc
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    SQLColumnExpression,
    TypeDecorator,
    cast,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB


class UTC(TypeDecorator[datetime]):
    """An instant. Takes aware datetimes only (ValueError for naive ones), returns them in UTC on both engines."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone; naive datetimes are refused")
        value = value.astimezone(utc)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=utc) if value.tzinfo is None else value.astimezone(utc)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON document; JSONB on PostgreSQL."""

JsonObject = dict[str, Any]
JsonList = list[Any]


def sum_of(amount: SQLColumnExpression[int]) -> ColumnElement[int]:
    """The sum of whole numbers as one, 0 of none: PostgreSQL makes a decimal of it, which is no amount."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def running_sum_of(amount: SQLColumnExpression[int], *order_by: SQLColumnExpression[Any]) -> ColumnElement[int]:
    """The same up to each row, in an order."""
    return cast(func.sum(amount).over(order_by=order_by), BigInteger)
