"""Where messages wait on disk while the database is away: one fsynced file for each group."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
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
            path = self.folder / f"{time.time_ns():020}-{uuid4().hex}.part"
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
        with suppress(FileNotFoundError):  # an operator may clear the folder at any time
            return sorted(self.folder.glob("*.jsonl"))
        return []

    def damaged(self) -> list[Path]:
        """Files that hold something no database takes; a person must look."""
        return sorted(self.folder.glob("*.damaged"))

    def read(self, path: Path) -> tuple[list[Envelope], bool]:
        """The messages of a file, and whether that is all that it once held."""
        try:
            found = [_envelope(line) for line in path.read_bytes().splitlines()]
        except FileNotFoundError:
            raise
        except OSError:  # a bad disk: there is nothing to be had from this file
            return [], False
        readable = [envelope for envelope in found if envelope]
        return readable, bool(found) and len(readable) == len(found)

    def set_aside(self, path: Path) -> None:
        path.rename(path.with_suffix(".damaged"))

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


def _envelope(line: bytes) -> Envelope | None:
    """None for a line that a failing disk has spoilt."""
    try:
        values: dict[str, Any] = json.loads(line)
        values["received_at"] = datetime.fromisoformat(values["received_at"])
        values["media"] = tuple(Media(**item) for item in values["media"])
        values["location"] = Location(**values["location"]) if values["location"] else None
        return Envelope(**values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
