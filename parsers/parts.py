"""The marks that phones put on an SMS that they cut themselves: `(1/2) ...`."""

import re

MARK = re.compile(r"\s*[(\[]\s*([1-9])\s*/\s*([2-9])\s*[)\]]\s*(.*)", re.DOTALL)
AT_END = re.compile(r"(.*?)\s*[(\[]\s*([1-9])\s*/\s*([2-9])\s*[)\]]\s*", re.DOTALL)


def part_of(text: str) -> tuple[int, int] | None:
    """Number and total of the part that the text is."""
    if found := MARK.fullmatch(text):
        number, total = int(found[1]), int(found[2])
    elif found := AT_END.fullmatch(text):
        number, total = int(found[2]), int(found[3])
    else:
        return None
    return (number, total) if number <= total else None


def unmarked(text: str) -> str:
    if part_of(text) is None:
        return text
    if found := MARK.fullmatch(text):
        return found[3]
    found = AT_END.fullmatch(text)
    return found[1] if found else text
