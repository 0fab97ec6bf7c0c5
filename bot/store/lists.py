"""Long lists in statements, as one value each: however many there are, the statement is the same and known already.

SQLAlchemy writes each member of an IN out, and compiles the statement anew for each number of them: for some hundred
that takes longer than the database does.
"""

import json
from collections.abc import Collection, Sequence
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


def is_among(
    dialect: str, column: ColumnElement[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """As `is_one_of`, for what no index finds: many rows are compared with all *values*.

    PostgreSQL plans a statement that it knows for any array, and then compares each row with one value after another:
    twenty times as slow as with a table, of which it makes a hash.
    """
    if dialect == "postgresql":
        return column.in_(select(func.unnest(literal(list(values), ARRAY(column.type)))))
    return is_one_of(dialect, column, values)


async def all_of_each(
    read: AsyncConnection, parts: Sequence[tuple[ColumnElement[int], Sequence[ColumnElement[bool]]]]
) -> list[list[int]]:
    """For each of *parts* the numbers of a column where its conditions hold, in no order; in one statement.

    Thousands come as one value, where a row for each takes its time.
    """
    if read.dialect.name == "postgresql":
        arrays = [select(func.array_agg(column)).where(*where).scalar_subquery() for column, where in parts]
        return [numbers or [] for numbers in (await read.execute(select(*arrays))).one()]
    texts = [select(func.json_group_array(column)).where(*where).scalar_subquery() for column, where in parts]
    return [json.loads(numbers or "[]") for numbers in (await read.execute(select(*texts))).one()]
