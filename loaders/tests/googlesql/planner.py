"""What the analyzer accepts and BigQuery's planner refuses, found in the resolved statement.

- An outer join whose condition has no equality of a field of one side with a field of the other.
- A correlated subquery over a table with LIMIT.
"""

from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_pb2 as ast

_INNER = ast.ResolvedJoinScanProto.DESCRIPTOR.fields_by_name["join_type"].enum_type.values_by_name["INNER"].number


def walk(message):
    """A message and all that it holds."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if hasattr(value, "add") else [value]:
                if hasattr(part, "ListFields"):
                    yield from walk(part)


def _all(message, name: str) -> list:
    return [part for part in walk(message) if part.DESCRIPTOR.name == name]


def _read(expression) -> set[int]:
    return {part.column.column_id for part in _all(expression, "ResolvedColumnRefProto")}


def _made(scan) -> set[int]:
    return {part.column_id for part in _all(scan, "ResolvedColumnProto")}


def _conjuncts(expression) -> list:
    call = next(iter(_all(expression, "ResolvedFunctionCallBaseProto")), None)
    if call is None or not call.function.name.endswith("$and"):
        return [call] if call is not None else []
    return [part for argument in call.argument_list for part in _conjuncts(argument)]


def _joins_by_equality(join) -> bool:
    left, right = _made(join.left_scan), _made(join.right_scan)
    for call in _conjuncts(join.join_expr):
        if call.function.name.endswith("$equal"):
            a, b = (_read(argument) for argument in call.argument_list)
            if a and b and ((a <= left and b <= right) or (a <= right and b <= left)):
                return True
    return False


def refusals(statement) -> list[str]:
    """Why BigQuery would refuse to plan a statement that the analyzer accepts; empty if it would not."""
    found = []
    if any(
        join.join_type != _INNER and not _joins_by_equality(join) for join in _all(statement, "ResolvedJoinScanProto")
    ):
        found.append("outer join without an equality of fields from both sides")
    for subquery in _all(statement, "ResolvedSubqueryExprProto"):
        limited = all(_all(subquery.subquery, f"Resolved{what}ScanProto") for what in ("LimitOffset", "Table"))
        if len(subquery.parameter_list) and limited:
            found.append("correlated subquery over a table with LIMIT")
    return found
