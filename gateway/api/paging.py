"""Pages by position: rows that come or go meanwhile move nobody else's place.

A cursor is a position, so each that has the right form is good.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from flask import request

T = TypeVar("T")


def row_of(cursor: str | None) -> int | None:
    return None if cursor is None else int(cursor, 16)


def name_of(cursor: str | None) -> str:
    """ "" begins with the first."""
    return bytes.fromhex(cursor or "").decode("utf-8", "replace")


def of_row(key: int) -> str:
    return format(key, "x")


def of_name(name: str) -> str:
    return name.encode().hex()


def split(
    found: Sequence[T], size: int, cursor: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """A page, and where the next one is; `found` has one row more than a page if there is one."""
    if len(found) <= size:
        return found, None
    kept = found[:size]
    return kept, _next(cursor(kept[-1]))


def _next(cursor: str) -> str:
    asked = [pair for pair in request.args.items(multi=True) if pair[0] != "cursor"]
    return f"{request.path}?{urlencode([*asked, ('cursor', cursor)])}"
