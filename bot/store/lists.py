"""Long lists in statements, as one value each: however many there are, the statement is the same and known already.

SQLAlchemy writes each member of an IN out, and compiles the statement anew for each number of them: for some hundred
that takes longer than the database does.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection


def is_one_of(
    dialect: str, column: ColumnElement[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """Whether *column* is one of these *values*: numbers or words."""
    if dialect == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    given = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(given.c.value))


async def all_of(
    read: AsyncConnection, column: ColumnElement[int], where: Sequence[ColumnElement[bool]]
) -> Iterable[int]:
    """The numbers of *column*, in no order: thousands come as one value, where a row for each takes its time."""
    if read.dialect.name == "postgresql":
        return (await read.execute(select(func.array_agg(column)).where(*where))).scalar() or []
    numbers: list[int] = json.loads(
        (await read.execute(select(func.json_group_array(column)).where(*where))).scalar() or "[]"
    )
    return numbers
