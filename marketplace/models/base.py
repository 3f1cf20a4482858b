"""The declarative base: names of constraints, and how Python types become columns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, ForeignKey, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

from marketplace.models.column import UTC, Json

# SQLite only counts up an INTEGER key by itself
Key = BigInteger().with_variant(Integer(), "sqlite")

Id = Annotated[int, mapped_column(Key, primary_key=True, autoincrement=True)]
Minor = Annotated[int, mapped_column(BigInteger)]
Currency = Annotated[str, mapped_column(String(3))]
Zone = Annotated[str, mapped_column(String(64))]
State = Annotated[str, mapped_column(String(24), index=False)]


class Base(DeclarativeBase):
    """Every table. Constraint names are fixed, so migrations can name them on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTC(), int: BigInteger, dict[str, Any]: Json, list[Any]: Json}


def belongs_to(table: str, *, cascade: bool = False) -> ForeignKey:
    """A foreign key to `table.id`; `cascade` only where the child is meaningless without its parent."""
    return ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)
