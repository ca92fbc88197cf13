"""What somebody meant who wrote a code or name a little wrong."""

from collections.abc import Collection

from rapidfuzz import fuzz, process

NEAR = 75.0  # rapidfuzz ratio from which one is a slip for the other
MOST = 3


def near(written: str, known: Collection[str]) -> list[str]:
    """Up to three of them, the nearest first."""
    found = process.extract(written, known, scorer=fuzz.ratio, score_cutoff=NEAR, limit=MOST)
    return [name for name, _, _ in found]
