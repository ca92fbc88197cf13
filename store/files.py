"""Where attachments are kept, outside the database: named by their SHA-256, written once."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # the library has no types
from fsspec.core import url_to_fs  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]


class Damaged(Exception):
    """What is kept under a name is no longer what was put there."""


@dataclass(frozen=True, slots=True)
class Files:
    """A folder, or anything that fsspec opens by its address, such as s3://bucket/prefix."""

    url: str

    def put(self, content: bytes) -> str:
        """Durable when it returns; gives the SHA-256. The same content twice is kept once."""
        digest = sha256(content).hexdigest()
        system, path = self._place(digest)
        if system.exists(path):
            return digest
        if isinstance(system, LocalFileSystem):
            _write(Path(path), content)
        else:
            system.pipe_file(path, content)
        return digest

    def read(self, digest: str) -> bytes:
        """The content; FileNotFoundError if it is gone, Damaged if it is another."""
        system, path = self._place(digest)
        content: bytes = system.cat_file(path)
        if sha256(content).hexdigest() != digest:
            raise Damaged(digest)
        return content

    def _place(self, digest: str) -> tuple[AbstractFileSystem, str]:
        system, root = url_to_fs(self.url)  # the library keeps one system for each address
        return system, f"{root.rstrip('/')}/{digest[:2]}/{digest[2:]}"


def _write(path: Path, content: bytes) -> None:
    """Under another name first, so that a crash leaves no half of a file under its own."""
    folders = [path.parent, path.parent.parent]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    for folder in folders:
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
