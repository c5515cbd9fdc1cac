"""Google's own ZetaSQL, compiled to WebAssembly: analyses GoogleSQL and runs it on small tables.

Runs in the environment of ``scripts/bigquery.sh gsql``; knows nothing of this project. Compiling the module takes
twenty seconds, so it is kept on disk beside the environment.
"""

import ctypes
import hashlib
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

import wasmtime
from zetasql.core import wasm_client
from zetasql.core.exceptions import ServerError
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2 as language_options
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2 as catalogs
from zetasql.wasi._pb2.zetasql.public import function_pb2 as functions
from zetasql.wasi._pb2.zetasql.public import options_pb2 as options
from zetasql.wasi._pb2.zetasql.public import type_pb2 as types
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2 as kinds

KINDS = {
    name: getattr(types, f"TYPE_{name}")
    for name in ("INT64", "STRING", "BYTES", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP", "NUMERIC", "BIGNUMERIC")
} | {"FLOAT64": types.TYPE_DOUBLE, "JSON": types.TYPE_JSON, "INTERVAL": types.TYPE_INTERVAL}
NAMES = {kind: name for name, kind in KINDS.items()}

# on in ZetaSQL with everything switched on, but not in BigQuery
NOT_IN_BIGQUERY = [
    "TIMESTAMP_NANOS", "TIMESTAMP_PICOS", "DISALLOW_GROUP_BY_FLOAT", "PROTO_BASE", "ANONYMIZATION",
    "TEXTMAPPER_PARSER", "SPANNER_LEGACY_DDL", "STRICT_CONDITIONAL_EXPRESSION", "INTERNAL_ALIASES",
    "V_1_4_IMPLICIT_COERCION_STRING_LITERAL_TO_BYTES",
]  # fmt: skip


class GoogleSQLError(Exception):
    """A statement that GoogleSQL refuses; the message ends in [at line:column]."""


class _CachedModule:
    """Stands in for ``wasmtime.Module``: compiled once, then read from disk."""

    @staticmethod
    def from_file(engine, path):
        folder = Path(sys.prefix) / "compiled"
        folder.mkdir(exist_ok=True)
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
        kept = folder / f"{digest}-wasmtime-{version('wasmtime')}"
        if kept.exists():
            return wasmtime.Module.deserialize_file(engine, str(kept))
        module = wasmtime.Module.from_file(engine, path)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_bytes(module.serialize())
        partial.rename(kept)
        return module


class _Client(wasm_client.WasmClient):
    """The package's client, but memory is copied at once and not byte by byte."""

    def _address(self):
        return ctypes.cast(self.memory.data_ptr(), ctypes.c_void_p).value

    def write_bytes(self, ptr, data):
        ctypes.memmove(self._address() + ptr, bytes(data), len(data))

    def read_bytes(self, ptr, size):
        return ctypes.string_at(self._address() + ptr, size)


wasm_client.Module = _CachedModule


def parse_type(name: str) -> types.TypeProto:
    """A type by its GoogleSQL name; arrays of simple types too."""
    proto = types.TypeProto()
    inner = re.fullmatch(r"ARRAY<(\w+)>", name)
    if inner:
        proto.type_kind = types.TYPE_ARRAY
        proto.array_type.element_type.CopyFrom(parse_type(inner[1]))
    else:
        proto.type_kind = KINDS[name]
    return proto


def type_name(proto) -> str:
    """The GoogleSQL name of a type."""
    if proto.type_kind == types.TYPE_ARRAY:
        return f"ARRAY<{type_name(proto.array_type.element_type)}>"
    return NAMES.get(proto.type_kind) or types.TypeKind.Name(proto.type_kind).removeprefix("TYPE_")


def _language(client: _Client):
    language = client.call_grpc_func(
        "ZetaSqlLocalService_GetLanguageOptions",
        service.LanguageOptionsRequest(maximum_features=True),
        language_options.LanguageOptionsProto,
    )
    off = {
        options.LanguageFeature.Value(f"FEATURE_{name}")
        for name in NOT_IN_BIGQUERY
        if f"FEATURE_{name}" in set(options.LanguageFeature.keys())
    }
    on = [feature for feature in language.enabled_language_features if feature not in off]
    del language.enabled_language_features[:]
    language.enabled_language_features.extend(on)
    language.product_mode = options.PRODUCT_EXTERNAL
    language.name_resolution_mode = options.NAME_RESOLUTION_DEFAULT
    del language.supported_statement_kinds[:]
    language.supported_statement_kinds.extend(
        kind for name, kind in kinds.ResolvedNodeKind.items() if name.endswith("Stmt")
    )
    if "QUALIFY" not in language.reserved_keywords:
        language.reserved_keywords.append("QUALIFY")
    return language


def _add_extremes(catalog) -> None:
    """max_by and min_by, which BigQuery has and ZetaSQL lacks."""
    for name in ("max_by", "min_by"):
        function = catalog.custom_function.add(group="bigquery", name_path=[name])
        function.mode = functions.FunctionEnums.AGGREGATE
        signature = function.signature.add()
        for part, kind in (
            (signature.argument.add(), "ARG_TYPE_ANY_1"),
            (signature.argument.add(), "ARG_TYPE_ANY_2"),
            (signature.return_type, "ARG_TYPE_ANY_1"),
        ):
            part.kind = functions.SignatureArgumentKind.Value(kind)
            part.num_occurrences = 1
            part.options.cardinality = functions.FunctionEnums.REQUIRED


class GoogleSQL:
    """One running ZetaSQL."""

    def __init__(self):
        self.client = _Client(get_wasm_path())
        self.language = _language(self.client)
        self.known: int | None = None

    def catalog(self, tables: dict[str, dict[str, str]], flat: bool = False):
        """Tables by full name (project.dataset.name), each with its columns' types."""
        root = catalogs.SimpleCatalogProto(name="root")
        root.builtin_function_options.language_options.CopyFrom(self.language)
        _add_extremes(root)
        for alias in ("INT", "INTEGER", "BIGINT", "SMALLINT"):
            root.named_type.add(name=alias).type.type_kind = types.TYPE_INT64
        rooms = {(): root}
        for number, (full_name, columns) in enumerate(tables.items()):
            *path, name = [full_name] if flat else full_name.split(".")
            for depth in range(1, len(path) + 1):
                key = tuple(path[:depth])
                if key not in rooms:
                    rooms[key] = rooms[key[:-1]].catalog.add(name=key[-1])
            table = rooms[tuple(path)].table.add(name=name, full_name=full_name, serialization_id=number + 1)
            for column, kind in columns.items():
                table.column.add(name=column).type.CopyFrom(parse_type(kind))
        return root

    def _options(self, proto) -> None:
        proto.language_options.CopyFrom(self.language)
        proto.prune_unused_columns = False
        proto.default_timezone = "UTC"
        proto.error_message_mode = options.ERROR_MESSAGE_ONE_LINE

    def _call(self, name: str, request, response):
        try:
            return self.client.call_grpc_func(f"ZetaSqlLocalService_{name}", request, response)
        except ServerError as error:
            raise GoogleSQLError(re.sub(r"^\[\w+\] ", "", str(error))) from None

    def know(self, tables: dict[str, dict[str, str]]) -> None:
        """From now on these tables are there."""
        request = service.RegisterCatalogRequest(simple_catalog=self.catalog(tables))
        self.known = self._call("RegisterCatalog", request, service.RegisterResponse).registered_id

    def analyze(self, sql: str):
        """The resolved statement.

        Raises:
            GoogleSQLError: if BigQuery would refuse it.
        """
        request = service.AnalyzeRequest(sql_statement=sql, registered_catalog_id=self.known)
        self._options(request.options)
        return self._call("Analyze", request, service.AnalyzeResponse).resolved_statement

    def evaluate(self, sql: str, tables: dict[str, dict[str, str]], rows: dict[str, list[tuple]]):
        """Rows of a query by the reference implementation, as its answer's message; values come encoded."""
        sql = re.sub(r"`([^`.]+)`\.`([^`.]+)`\.`([^`.]+)`", r"`\1.\2.\3`", sql)  # only tables at the root have rows
        request = service.EvaluateQueryRequest(sql=sql, simple_catalog=self.catalog(tables, flat=True))
        self._options(request.options)
        for name, given in rows.items():
            data = request.table_content[name].table_data
            data.SetInParent()
            for row in given:
                data.row.add().cell.extend(row)
        return self._call("EvaluateQuery", request, service.EvaluateQueryResponse)


def output_columns(message) -> dict[str, str] | None:
    """The columns that a resolved statement gives and their types."""
    for field, value in message.ListFields():
        if field.name == "output_column_list":
            return {column.name: type_name(column.column.type) for column in value}
    for field, value in message.ListFields():
        if (
            field.message_type is not None
            and not hasattr(value, "add")
            and (field.name.startswith("resolved_") or field.name == "parent")
        ):
            found = output_columns(value)
            if found is not None:
                return found
    return None
