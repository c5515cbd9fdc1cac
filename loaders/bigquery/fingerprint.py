"""One number for the rows of a table, the same in DuckDB and in BigQuery, by which copies are compared.

Each row is written as one text, exactly, and 40 bits of its MD5 are summed: the order of the rows does not matter,
and a row that is missing, there twice or different in one column changes the sum.
"""

import pyarrow as pa

_FLOAT = "printf('%.17g', {})", "format('%.17g', {})"
_AS_TEXT = {  # by type: in DuckDB, in GoogleSQL
    pa.string(): ("{}", "{}"),
    pa.float64(): _FLOAT,
    pa.timestamp("us", "UTC"): ("cast(epoch_us({}) as varchar)", "cast(unix_micros({}) as string)"),
    pa.binary(): ("lower(hex({}))", "to_hex({})"),
}
_OTHERS = "cast({} as varchar)", "cast({} as string)"  # whole numbers, booleans and dates


def in_duckdb(columns: pa.Schema) -> str:
    """An SQL expression: the fingerprint of a row, a whole number."""
    return f"cast('0x' || substr(md5({_row(columns, 0, chr(34))}), 1, 10) as bigint)"


def in_bigquery(columns: pa.Schema) -> str:
    """The same in GoogleSQL."""
    return f"cast('0x' || substr(to_hex(md5({_row(columns, 1, chr(96))})), 1, 10) as int64)"


def _row(columns: pa.Schema, engine: int, quote: str) -> str:
    """The text of a row: ``=value|`` for each column, without the ``=`` where it is null."""
    texts = [_AS_TEXT.get(column.type, _OTHERS)[engine].format(f"{quote}{column.name}{quote}") for column in columns]
    return "concat(" + ", ".join(f"coalesce('=' || {text}, ''), '|'" for text in texts) + ")"
