"""Small files that somebody else reads while we write: whole, or as they were."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """Replaces a file at once; returns it.

    Raises:
        OSError: it could not be written, and is as it was.
    """
    half = path.with_name(f"{path.name}.tmp")
    half.write_text(text, encoding="utf-8")
    os.replace(half, path)
    return path
