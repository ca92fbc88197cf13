"""One record of a file, what may be wrong with it, and how a line of any length is read."""

import re
from dataclasses import dataclass
from typing import Final, TextIO

LONGEST_LINE: Final = 4_000_000  # characters of one record
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line; no text of a citizen is quoted."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Cells:
    """One record: what stands under the fields that we know."""

    line: int
    values: dict[str, object]


def neutral(cell: str) -> str:
    """A text that no spreadsheet takes for a formula; a number stays one."""
    return f"'{cell}" if FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell


def as_written(cell: str) -> str:
    """Takes the apostrophe of `neutral` away."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


class TooLong(str):
    """Stands for a line that was too long to be kept."""

    __slots__ = ()


def read_line(stream: TextIO) -> str:
    """The next line in bounded memory; of one that is too long only a mark."""
    line = stream.readline(LONGEST_LINE)
    if len(line) < LONGEST_LINE or line.endswith(("\n", "\r")):
        return line
    while line and not line.endswith(("\n", "\r")):
        line = stream.readline(LONGEST_LINE)
    return TooLong("\n")
