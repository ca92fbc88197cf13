"""Files of strangers: their encoding, their format, JSON lines."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from typing import IO, Any, Final, TextIO, cast

from store.exchange.cells import LONGEST_LINE, Cells, Problem, TooLong, read_line
from store.exchange.columns import Columns, Unusable
from store.exchange.csv_records import csv_records

BLOCK: Final = 1 << 18
GZIP: Final = b"\x1f\x8b"
WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


SUFFIXES: Final = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".txt": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}


def format_of(name: str) -> Format | None:
    """By the ending of a file's name, whether compressed or not."""
    stem = name.casefold().removesuffix(".gz")
    return next((found for end, found in SUFFIXES.items() if stem.endswith(end)), None)


@contextmanager
def opened_text(file: IO[bytes], *, encoding: str) -> Iterator[tuple[TextIO, int]]:
    """A seekable file as text, read through once before: Unusable if it is not in this encoding.

    Gives the number of its lines too. What gzip has compressed is decompressed.
    """
    packed = file.read(2) == GZIP
    file.seek(0)
    plain = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
    try:
        lines = _survey(plain, encoding)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unusable("the file is damaged: it cannot be decompressed to its end.") from error
    plain.seek(0)
    text = TextIOWrapper(plain, encoding=_codec(encoding), newline="")
    try:
        yield text, lines
    finally:
        text.detach()


def _survey(file: IO[bytes], encoding: str) -> int:
    """Decode everything once and count the lines."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = position = 0
    while True:
        block = file.read(BLOCK)
        if position == 0 and codecs.lookup(encoding).name.startswith("utf-8"):
            _refuse_wide(block)
        pending = len(decoder.getstate()[0])
        try:
            lines += decoder.decode(block, final=not block).count("\n")
        except UnicodeDecodeError as error:
            byte = position - pending + error.start + 1
            line = lines + error.object[: error.start].count(b"\n") + 1
            raise Unusable(_wrong_encoding(line, byte, encoding)) from error
        position += len(block)
        if not block:
            return lines + 1


def _codec(encoding: str) -> str:
    """UTF-8 with or without its mark is the same to us."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _refuse_wide(start: bytes) -> None:
    head = start[:400]
    if head.startswith(WIDE_MARKS) or head.count(0) > len(head) // 4:
        raise Unusable("line 1, byte 1: the file is not UTF-8 but UTF-16: say --encoding utf-16.")


def _wrong_encoding(line: int, byte: int, encoding: str) -> str:
    hint = "" if codecs.lookup(encoding).name == "cp1252" else ", often --encoding windows-1252"
    return (
        f"line {line}, byte {byte} of the file: this is not {encoding.upper()} text. "
        f"Say what it is with --encoding{hint}, or save it as UTF-8."
    )


def records(stream: TextIO, form: Format | None, columns: Columns) -> Iterator[Cells | Problem]:
    """Every record of the file; Unusable if already its header cannot be used."""
    if form is None:
        form = _sniffed(stream)
    return csv_records(stream, columns) if form is Format.CSV else _from_json(stream, columns)


def _sniffed(stream: TextIO) -> Format:
    start = stream.read(4096).lstrip()
    stream.seek(0)
    return Format.JSONL if start.startswith("{") else Format.CSV


def _from_json(stream: TextIO, columns: Columns) -> Iterator[Cells | Problem]:
    number = 0
    while line := read_line(stream):
        number += 1
        if number == 1 and line.lstrip().startswith("["):
            raise Unusable("line 1: this is a JSON array; JSON lines have one object on each line.")
        if line.strip() or isinstance(line, TooLong):
            yield _object(number, line, columns)


def _object(number: int, line: str, columns: Columns) -> Cells | Problem:
    if isinstance(line, TooLong):
        return Problem(number, "line", f"is longer than {LONGEST_LINE:,} characters")
    try:
        found: Any = json.loads(line, parse_constant=_no_number)
        if "\\u" in line:
            _storable(found)
    except json.JSONDecodeError as error:
        return Problem(number, "line", f"is not JSON: {error.msg} at character {error.colno}")
    except UnicodeError:
        return Problem(number, "line", "has a NUL or half a character")
    except (ValueError, RecursionError):
        return Problem(number, "line", "is not JSON that can be read")
    if not isinstance(found, dict):
        return Problem(number, "line", "is not a JSON object")
    return Cells(number, columns.of_object(found))


def _no_number(name: str) -> None:
    """NaN and Infinity are not JSON, and no database takes them as such."""
    raise ValueError(name)


def _storable(found: object) -> None:
    """UnicodeError for what no database can keep."""
    said = json.dumps(found, ensure_ascii=False).encode()
    if b"\\u0000" in said:
        raise UnicodeError
