"""The first draft of a dataset's models, as text. What is written from it belongs to its readers, not to this file."""

import json
import re
import textwrap

from loaders.catalogue import Column, Dataset, raw_name
from loaders.scaffold_names import staged_names

SECTIONS = ("keys", "settlement", "times", "measures", "flags", "details")
COMPANIONS = {"nationalGridBmUnit": "bmUnit", "timeFrom": "timeTo", "startTime": "endTime"}  # read together
LINEAGE = ("source", "fetched_at_utc", "load_id")
STANDING = "standing as (\n\n    select *\n    from published\n    qualify {{ is_still_published() }}"
WHOLE_DAY = {"bmrs": "_is_whole_day as is_whole_day,", "iris": "false as is_whole_day,"}


def staging_sql(dataset: Dataset, channel: str) -> str:
    """One staging model: every version, renamed and nothing else."""
    schema, source = {"bmrs": ("raw_bmrs", "HISTORIC"), "iris": ("raw_iris", "IRIS")}[channel]
    fields = []
    for section, names in _sections(dataset).items():
        fields.append(f"---------- {section}")
        fields += [f"{_renamed(native, staged)}," for native, staged in names.items()] + [""]
    lineage = [
        "---------- lineage",
        *([WHOLE_DAY[channel]] if dataset.has_whole_days else []),
        f"'{source}' as source,",
        "_fetched_at_utc as fetched_at_utc,",
        "_load_id as load_id",
    ]
    select = textwrap.indent("\n".join([*fields, *lineage]), " " * 8)
    return (
        f"-- One row per {_grain(dataset)}; every version kept.\n"
        f"with\n\nsource as (\n\n    select * from {{{{ source('{schema}', '{dataset.table}') }}}}\n\n),\n\n"
        f"renamed as (\n\n    select\n\n{select}\n\n    from source\n\n)\n\nselect * from renamed\n"
    )


def unified_sql(dataset: Dataset) -> str:
    """The latest version of each row, whichever channel it came by."""
    models = [f"stg_{channel}__{dataset.table}" for channel in channels(dataset)]
    published = "\n    union all\n".join(f"    select * from {{{{ ref('{model}') }}}}" for model in models)
    names = staged_names(dataset)
    key = ", ".join(names[native] for native in dataset.key)
    order = textwrap.indent("\n".join(_newest_first(dataset, names)), " " * 12)
    source, columns = "published", "*"
    if dataset.has_whole_days:
        published, source = f"{published}\n\n),\n\n{STANDING}", "standing"
        columns = "{{ all_but('is_whole_day') }}"
    return (
        f"-- One row per {_grain(dataset)}: the latest published version.\n"
        f"with\n\npublished as (\n\n{published}\n\n),\n\n"
        f"latest as (\n\n    select *\n    from {source}\n    qualify row_number() over (\n"
        f"        partition by {key}\n        order by\n{order}\n    ) = 1\n\n)\n\nselect {columns} from latest\n"
    )


def unified_yml(dataset: Dataset) -> str:
    """The documentation and tests of a unified model."""
    names = staged_names(dataset)
    key = ", ".join(names[native] for native in dataset.key)
    sources = " and ".join({"bmrs": "the REST history", "iris": "IRIS"}[channel] for channel in channels(dataset))
    about = (
        f"{dataset.title}, one row per {_grain(dataset)}, from {sources}. The latest published version wins. "
        f"Source: Insights dataset {dataset.dataset}."
    )
    lines = [
        "models:",
        f"  - name: bmrs_{dataset.table}_unified",
        "    description: >",
        textwrap.fill(about, 112, initial_indent=" " * 6, subsequent_indent=" " * 6),
        "    data_tests:",
        "      - unique_key:",
        "          arguments:",
        f"            columns: [{key}]",
        "    columns:",
    ]
    for native in (native for section in _sections(dataset).values() for native in section):
        column = dataset.all_columns[native]
        lines += _documented(names, native, column, native in dataset.key and not column.nullable)
    for name in LINEAGE:
        lines += [f"      - name: {name}", f"        description: \"{{{{ doc('{name}') }}}}\""]
    return "\n".join(lines) + "\n"


def channels(dataset: Dataset) -> list[str]:
    """The channels by which a dataset comes."""
    return [name for name, there in (("bmrs", dataset.rest), ("iris", dataset.iris)) if there]


def _documented(names: dict[str, str], native: str, column: Column, required: bool) -> list[str]:
    doc = re.sub(r"[a-z]+[A-Z]\w*", lambda word: names.get(word[0], word[0]), column.doc or "")
    if doc.split(" ")[0] not in names.values():
        doc = doc[:1].upper() + doc[1:]
    unit = f"Unit: {column.unit}" if column.unit else ""
    description = ". ".join(part for part in (doc, unit) if part) + "."
    if (names[native], column.doc) == ("published_at_utc", "when it was published"):
        description = "{{ doc('published_at_utc') }}"
    return [
        f"      - name: {names[native]}",
        f"        description: {json.dumps(description, ensure_ascii=False)}",
        f"        config: {{meta: {{native: {native}}}}}",
        *(["        data_tests: [not_null]"] if required else []),
    ]


def _grain(dataset: Dataset) -> str:
    names = staged_names(dataset)
    *most, last = [names[native] for native in dataset.key]
    return f"{', '.join(most)} and {last}" if most else last


def _renamed(native: str, staged: str) -> str:
    raw = raw_name(native)
    return raw if raw == staged else f"{raw} as {staged}"


def _sections(dataset: Dataset) -> dict[str, dict[str, str]]:
    """The fields by section; in a section the key first, then the publisher's order."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    names = staged_names(dataset)
    first = [name for native in dataset.key for name in (native, COMPANIONS.get(native))]
    for native in sorted(names, key=lambda name: first.index(name) if name in first else len(first)):
        found[_section(dataset, native, dataset.all_columns[native])][native] = names[native]
    return {section: names for section, names in found.items() if names}


def _section(dataset: Dataset, native: str, column: Column) -> str:
    if native.startswith("settlement"):
        return "settlement"
    if native in dataset.key or native in COMPANIONS.values():
        return "keys"
    if column.type in ("timestamp", "date"):
        return "times"
    if column.unit or column.type == "number":
        return "measures"
    return "flags" if column.type == "boolean" or native.endswith("Flag") else "details"


def _newest_first(dataset: Dataset, names: dict[str, str]) -> list[str]:
    """The order of the versions of a row, newest first: the publisher's own, then REST, then when we heard it."""
    order = []
    for native in dataset.newest_by:
        if native == "fetched_at" or native in dataset.key:
            continue
        values = dataset.all_columns[native].values
        if values:
            ranks = " ".join(f"when '{value}' then {rank}" for rank, value in enumerate(values, 1))
            order += [f"case {names[native]}", f"    {ranks} else 0", "end desc,"]
        else:
            order.append(f"{names[native]} desc,")
    if len(channels(dataset)) > 1:
        order.append("source asc,  -- REST is the corrected record: same version, REST wins")
    return [*order, "fetched_at_utc desc"]
