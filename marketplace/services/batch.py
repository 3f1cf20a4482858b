"""Many ids in one statement: a list of any length as one bound value, on both engines."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def among(
    db: Session,
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None] | ColumnElement[int],
    ids: Collection[int],
) -> ColumnElement[bool]:
    """Whether `column` is one of `ids`.

    An ordinary IN has one parameter an id, and both engines stop at some number of them.
    """
    if db.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(bindparam(None, list(ids), type_=ARRAY(BigInteger)))
