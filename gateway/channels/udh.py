"""The user data header of an SMS: 3GPP TS 23.040, 9.2.3.24."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    total: int
    series: str  # the sender's reference, which all parts of one SMS have


def part_of(header: bytes) -> Part | None:
    """Which part this is of a concatenated SMS; None for a whole one, or a broken header."""
    for kind, value in _elements(header):
        match kind, list(value):
            case (0x00, [reference, total, number]) if 1 <= number <= total:
                return Part(number, total, str(reference))
            case (0x08, [high, low, total, number]) if 1 <= number <= total:
                return Part(number, total, str(high << 8 | low))
    return None


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """Identifier and value of each element; the first octet counts those that follow."""
    rest = header[1:]
    while len(rest) >= 2 and len(rest) >= 2 + rest[1]:
        yield rest[0], rest[2 : 2 + rest[1]]
        rest = rest[2 + rest[1] :]
