"""Two complaints in one message: a second topic has words of its own, joined by `dan` or `juga`."""

from collections.abc import Sequence, Set

from parsers.phrases import Hit, Reading

PLAIN = 0.85  # share of a phrase from which its words are really meant
FIRM = 0.5  # weight of a phrase that is more than a hint


def tells_several(
    best: str,
    hits: Sequence[Hit],
    reading: Reading,
    words: Sequence[tuple[str, ...]],
    joining: Set[str],
) -> bool:
    """Whether a topic beside the best is told in a phrase of its own, after a joining word."""
    firm = [hit for hit in hits if hit.phrase.weight >= FIRM and hit.share >= PLAIN]
    own = {p for hit in firm if hit.phrase.target == best for p in hit.positions}
    if not own:
        return False
    for hit in firm:
        places = hit.positions
        if len(places) > 1 and hit.phrase.target != best and own.isdisjoint(places):
            ends = sorted(((min(own), max(own)), (min(places), max(places))))
            start, end = reading.tokens[ends[0][0]], reading.tokens[ends[1][0]]
            if any(word in joining for parts in words[start:end] for word in parts):
                return True
    return False
