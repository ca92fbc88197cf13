"""Which of the choices that we offered a person means: `1`, `satu`, `yg pertama`, its own words."""

from collections.abc import Sequence

from rapidfuzz import fuzz

from parsers.text import tokenise

ORDINALS = (  # by place; as a word, counted, and said of a list
    frozenset({"1", "satu", "pertama", "kesatu", "siji", "hiji", "one", "first", "a"}),
    frozenset({"2", "dua", "kedua", "loro", "two", "second", "b"}),
    frozenset({"3", "tiga", "ketiga", "telu", "tilu", "three", "third", "c"}),
    frozenset({"4", "empat", "keempat", "papat", "opat", "four", "fourth", "d"}),
    frozenset({"5", "lima", "kelima", "limo", "five", "fifth", "e"}),
)
LAST = frozenset({"terakhir", "akhir", "last", "paling", "bawah"})
FILLERS = frozenset(
    {"yg", "yang", "no", "nomor", "nmr", "nomer", "pilih", "pilihan", "ke", "opsi", "angka", "saya"}
    | {"sy", "aku", "itu", "ya", "iya", "pak", "bu", "min", "kak", "the", "number", "option", "aja"}
    | {
        "saja",
        "laporan",
        "lap",
        "aduan",
        "nu",
        "sing",
        "jwb",
        "jawab",
        "jawaban",
        "jawabannya",
        "di",
        "dong",
        "deh",
        "sih",
        "mas",
        "mbak",
    }
)
SHORT = {
    "kab": "kabupaten",
    "kec": "kecamatan",
    "kel": "kelurahan",
    "ds": "desa",
    "prov": "provinsi",
    "kt": "kota",
}
LONGEST = 8  # words of an answer; more is a message of its own
ALIKE = 80.0  # rapidfuzz ratio of a misspelt word
PREFIX = 3  # letters of a word that was cut


def chosen(text: str, labels: Sequence[str]) -> int | None:
    """The place of the choice, from 0; None if it is none of them or might be several."""
    words = [token.norm for token in tokenise(text, limit=LONGEST + 1)]
    if not words or len(words) > LONGEST:
        return None
    telling = [word for word in words if word not in FILLERS] or words
    numbered = _numbered(telling, len(labels))
    return numbered if numbered is not None else _named(telling, labels)


def _numbered(words: Sequence[str], count: int) -> int | None:
    """A number or its word, and nothing else."""
    if words and LAST.issuperset(words):
        return count - 1
    if len(words) != 1:
        return None
    word = words[0].removeprefix("ke-").removeprefix("#")
    for place, names in enumerate(ORDINALS[:count]):
        if word in names or any(_misspelt(word, name) for name in names if len(name) > PREFIX):
            return place
    return None


def _named(words: Sequence[str], labels: Sequence[str]) -> int | None:
    """The one label in which every word stands."""
    fitting = [
        place
        for place, label in enumerate(labels)
        if all(_stands_in(SHORT.get(word, word), _words(label)) for word in words)
    ]
    if len(fitting) > 1:  # `kota bandung` names it whole, `kota bandung barat` says more
        said = {SHORT.get(word, word) for word in words}
        fitting = [place for place in fitting if set(_words(labels[place])) == said]
    return fitting[0] if len(fitting) == 1 else None


def _words(label: str) -> list[str]:
    words = [token.norm for token in tokenise(label)]
    return [SHORT.get(word, word) for word in words]


def _stands_in(word: str, words: Sequence[str]) -> bool:
    cut = len(word) >= PREFIX
    return any(
        word == other or (cut and other.startswith(word)) or _misspelt(word, other)
        for other in words
    )


def _misspelt(word: str, name: str) -> bool:
    return len(word) > PREFIX and len(name) > PREFIX and fuzz.ratio(word, name) >= ALIKE
