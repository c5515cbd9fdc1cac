"""The recorded answers, by dataset: see ``loaders/recorded/README.md`` for where each comes from."""

import gzip
from functools import cache
from pathlib import Path

import msgspec

import loaders

RECORDED = Path(loaders.__file__).with_name("recorded")


def files(dataset: str) -> list[Path]:
    """The files that hold rows of a dataset: genuine answers first, then recorded values in Insights' shape."""
    return [
        path for folder in ("insights", "reshaped") for path in sorted(RECORDED.glob(f"{folder}/{dataset}__*.json.gz"))
    ]


def datasets() -> list[str]:
    """The datasets of which anything was recorded."""
    return sorted({path.name.split("__")[0] for path in RECORDED.glob("*/*__*.json.gz")})


def read(path: Path) -> list[dict]:
    """The rows of one recorded answer, whatever it was wrapped in."""
    answer = msgspec.json.decode(gzip.decompress(path.read_bytes()))
    return answer["data"] if isinstance(answer, dict) else answer


@cache
def rows(dataset: str) -> tuple[dict, ...]:
    """Every recorded row of a dataset, file by file; not to be changed."""
    return tuple(row for path in files(dataset) for row in read(path))
