"""One record as cells: what each says as a value, and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args

from store.casework.deadlines import Duty
from store.exchange import values
from store.exchange.values import Wrong
from store.models import ArchiveReason, Privacy

Found = TypeVar("Found")
DUTIES: Final = get_args(Duty)
FREE: Final = ("text", "headline", "address")  # kept to the letter, with limits of their own
NOT_ONE: Final = "must be one value"


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one record, and what was found wrong with them."""

    cells: Mapping[str, object]
    problems: list[tuple[str, str]] = field(default_factory=list)

    def wrong(self, column: str, reason: str) -> None:
        self.problems.append((column, reason))

    def text(self, name: str) -> str:
        """A cell as text; "" where it is blank or not there."""
        value = self.cells.get(name)
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            said = str(value)
            if name not in FREE:
                said = _checked(self, name, said)
            return "" if said.isspace() else said
        if (name, NOT_ONE) not in self.problems:
            self.wrong(name, NOT_ONE)
        return ""

    def unit(self) -> str:
        return values.disposed_to(self.text("status"))

    def take(self, name: str, read: Callable[[str], Found]) -> Found | None:
        """What a cell says; None if it is blank or wrong. The number must be there."""
        cell = self.text(name) if name in self.cells else ""
        if cell:
            try:
                return read(cell)
            except Wrong as error:
                self.wrong(name, str(error))
        elif name == "tracking" and not self.problems:
            self.wrong(name, "is missing")
        return None

    def nested(self, name: str, read: Callable[[object], Found]) -> Found | None:
        if self.cells.get(name) in (None, ""):
            return None
        try:
            return read(self.cells[name])
        except Wrong as error:
            self.wrong(name, str(error))
            return None


def _checked(line: Line, name: str, said: str) -> str:
    try:
        return values.label(said)
    except Wrong as error:
        if (name, str(error)) not in line.problems:
            line.wrong(name, str(error))
        return ""


def whole(least: int, most: int) -> Callable[[str], int]:
    return lambda cell: values.whole(cell, least=least, most=most)


def duty(cell: str) -> str:
    if cell not in DUTIES:
        raise Wrong(f"is none of {', '.join(DUTIES)}")
    return cell


def archive_reason(cell: str) -> ArchiveReason:
    try:
        return ArchiveReason(cell.strip())
    except ValueError:
        raise Wrong(f"is none of {', '.join(ArchiveReason)}") from None


def candidates(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("imported", {}), dict):
        raise Wrong("must be an object, and so must what it has as imported")
    return value


def privacy(line: Line) -> Privacy | None:
    """Of several columns the one that hides most; a whistle-blower's report is secret."""
    said = line.take("privacy", values.privacy)
    if line.take("confidential", values.flag) or (
        said is None and values.plain(line.text("kind")) in values.WHISTLE
    ):
        return Privacy.CONFIDENTIAL
    hidden = line.take("anonymous", values.flag)
    return Privacy.ANONYMOUS if hidden and said is not Privacy.CONFIDENTIAL else said
