"""Indonesian roots by a word list: menumpuk -> tumpuk, dipangkasnya -> pangkas."""

from collections.abc import Iterator, Set

SHORTEST = 3  # letters of a root
PARTICLES = ("lah", "kah", "pun", "tah", "nya", "ku", "mu")
SUFFIXES = ("", "kan", "an", "i", "in")
# A prefix and the letters that it may have swallowed; `ng`, `ny`, `n`, `m` are spoken forms.
PREFIXES = (
    ("meng", ("", "k")),
    ("meny", ("s", "c")),
    ("mem", ("", "p")),
    ("men", ("", "t")),
    ("me", ("",)),
    ("peng", ("", "k")),
    ("peny", ("s", "c")),
    ("pem", ("", "p")),
    ("pen", ("", "t")),
    ("per", ("",)),
    ("pel", ("",)),
    ("pe", ("",)),
    ("ber", ("",)),
    ("be", ("",)),
    ("ter", ("",)),
    ("di", ("",)),
    ("ke", ("",)),
    ("se", ("",)),
    ("ng", ("", "k")),
    ("ny", ("s", "c")),
    ("n", ("t",)),
    ("m", ("p",)),
)
BY_LETTER = {
    letter: tuple(entry for entry in PREFIXES if entry[0][0] == letter)
    for letter in {prefix[0] for prefix, _ in PREFIXES}
}


def stem(word: str, roots: Set[str]) -> str:
    """The root if it is one of `roots`, else the word as it is."""
    if word in roots or len(word) <= SHORTEST:
        return word
    bare = _without_particle(word)
    for suffix in SUFFIXES:
        if not bare.endswith(suffix) or len(bare) - len(suffix) < SHORTEST:
            continue
        for candidate in _without_prefixes(bare[: len(bare) - len(suffix)], depth=2):
            if candidate in roots:
                return candidate
    return word


def _without_particle(word: str) -> str:
    for particle in PARTICLES:
        if word.endswith(particle) and len(word) - len(particle) >= SHORTEST:
            return word[: -len(particle)]
    return word


def _without_prefixes(word: str, *, depth: int) -> Iterator[str]:
    """The word itself, then the word without one prefix, then without two."""
    yield word
    if depth == 0:
        return
    for prefix, swallowed in BY_LETTER.get(word[:1], ()):
        if not word.startswith(prefix):
            continue
        for letter in swallowed:
            rest = letter + word[len(prefix) :]
            if len(rest) >= SHORTEST:
                yield from _without_prefixes(rest, depth=depth - 1)
