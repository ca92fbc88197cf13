"""Where messages wait on disk while the database is away: one fsynced file for each accepted group."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from parsers.messages import Envelope, Location, Media


class SpoolError(Exception):
    """The spool cannot be written: the provider must be told to come back."""


class Spool:
    """A folder of JSON-lines files, readable by the service's own user only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, envelopes: Sequence[Envelope]) -> None:
        """Durable when it returns; SpoolError if not."""
        lines = "".join(json.dumps(asdict(item), default=_iso) + "\n" for item in envelopes)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"{uuid4().hex}.part"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            path.rename(path.with_suffix(".jsonl"))
            _sync(self.folder)
        except OSError as error:
            raise SpoolError(f"{self.folder}: {error.strerror}") from error

    def files(self) -> list[Path]:
        """What waits, oldest first; a half-written file was never acknowledged and is no part."""
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)

    def read(self, path: Path) -> list[Envelope]:
        return [_envelope(json.loads(line)) for line in path.read_text("utf-8").splitlines()]

    def done(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def writable(self) -> bool:
        """Whether the folder can take messages now."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            return False
        return os.access(self.folder, os.W_OK)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be spooled")


def _envelope(values: dict[str, Any]) -> Envelope:
    values["received_at"] = datetime.fromisoformat(values["received_at"])
    values["media"] = tuple(Media(**item) for item in values["media"])
    values["location"] = Location(**values["location"]) if values["location"] else None
    return Envelope(**values)
