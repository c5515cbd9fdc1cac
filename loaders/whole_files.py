"""Local files that appear whole, for dlt's filesystem destination."""

import os
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem


class AtomicLocalFileSystem(LocalFileSystem):
    """Local files that appear whole: a reader must never meet one that is half copied."""

    def put_file(self, path1, path2, callback=None, **kwargs):
        half = f"{path2}.{uuid4().hex}.tmp"
        super().put_file(path1, half, **kwargs)
        os.replace(half, path2)


def write_whole_files() -> None:
    """From now on in this process."""
    fsspec.register_implementation("file", AtomicLocalFileSystem, clobber=True)
