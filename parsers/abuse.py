"""Insults: words that tell of nothing, however many there are."""

from collections.abc import Sequence

INSULTS = frozenset(
    {"anjing", "anjir", "asu", "babi", "bacot", "bajingan", "bangsat", "bego", "bodoh", "brengsek"}
    | {"budek", "cuki", "dancuk", "edan", "geblek", "gila", "goblok", "jancok", "jancuk", "kampret"}
    | {"keparat", "kampungan", "kontol", "kunyuk", "memek", "monyet", "ngentot", "sialan", "setan"}
    | {"sinting", "sontoloyo", "tai", "taik", "tolol", "bangke", "becus", "pukimak", "pantek"}
)
LONGEST = 12  # words; who writes more has something to tell


def insults(words: Sequence[str]) -> bool:
    """Whether a short text insults; that it complains as well is for others to see."""
    return len(words) <= LONGEST and not INSULTS.isdisjoint(words)
