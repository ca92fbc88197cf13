"""Words with their places in the original text. Cleaning is for comparing, never for storing."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from parsers.kept import Kept
from parsers.stem import stem

MAX_TOKENS = 400  # a message of more words is understood by its beginning
MAX_CHARS = 20_000  # of a message are looked at for meaning
MAX_WORD = 40  # characters of one word that are compared

# Marks without a width: soft hyphen, joiners, direction marks and embeddings, variation selectors.
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
COMBINING = "\u0300-\u036f"
ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
WORD = re.compile(rf"[^\W_](?:[{INVISIBLE}{COMBINING}]*+[^\W_])*+[{COMBINING}]*+")
REMOVED = re.compile(f"[{INVISIBLE}{COMBINING}]")
REDUPLICATED = re.compile(r"([a-z]{2,})2([a-z]*)")
NUMBER_UNIT = re.compile(r"(\d+)([a-z]+)")
UNIT_NUMBER = re.compile(r"([a-z]+)(\d+)")
LONG_RUN = re.compile(r"([a-z])\1{2,}")
RUN = re.compile(r"([a-z])\1+")
DIGIT_LETTERS = str.maketrans("013456789", "oieasgtbg")


class Token(NamedTuple):
    """A word: `norm` is for comparing; `start` and `end` count characters of the original text."""

    norm: str
    start: int
    end: int


def tokenise(text: str, *, limit: int = MAX_TOKENS) -> list[Token]:
    """Split into words of letters and digits, in lower case, with offsets into `text`."""
    text = text[:MAX_CHARS]
    new = tuple.__new__  # for 50 words a message, Token() takes twice as long
    if text.isascii():
        lower = text.lower()
        found = map(re.Match.span, islice(ASCII_WORD.finditer(lower), limit))
        return [
            new(Token, (lower[a : b if b - a < MAX_WORD else a + MAX_WORD], a, b)) for a, b in found
        ]
    found = map(re.Match.span, islice(WORD.finditer(text), limit))
    return [new(Token, (comparable(text[a:b][:MAX_WORD]), a, b)) for a, b in found]


def comparable(word: str) -> str:
    """One spelling for letters that look alike: NFKC, no accents, no marks without a width."""
    if word.isascii():
        return word.lower()
    word = unicodedata.normalize("NFKD", word)
    return unicodedata.normalize("NFC", REMOVED.sub("", word)).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The word lists of the language; see parsers/tables."""

    shorthand: Mapping[str, tuple[str, ...]]  # yg -> yang, gmn -> bagaimana
    roots: frozenset[str]  # formal words without affixes
    stopwords: frozenset[str]
    landmarks: frozenset[str] = frozenset()  # the next word says where, not what
    polite: frozenset[str] = frozenset()  # two words each: `mohon bantuan` asks for no aid


class Normaliser:
    """Formal words for what people type: shorthand, `2`, digits for letters, repeated letters."""

    def __init__(
        self, lexicon: Lexicon, vocabulary: frozenset[str], guess: Callable[[str], str | None]
    ) -> None:
        self._lexicon, self._vocabulary, self._guess = lexicon, vocabulary, guess
        self._formal = frozenset(word for words in lexicon.shorthand.values() for word in words)
        self.words = Kept(self._words)

    def __call__(self, tokens: Sequence[Token]) -> list[tuple[str, ...]]:
        """The words of each token, mostly one."""
        words = self.words
        return [words[token.norm] for token in tokens]

    def known(self, word: str) -> bool:
        lexicon = self._lexicon
        if word in self._vocabulary or word in self._formal or word in lexicon.stopwords:
            return True
        return stem(word, lexicon.roots) in lexicon.roots

    def heard(self, word: str) -> bool:
        """Known, or short for a known word."""
        return word in self._lexicon.shorthand or self.known(word)

    def _words(self, word: str) -> tuple[str, ...]:
        found = self._lexicon.shorthand.get(word)
        if found:
            return found
        if match := NUMBER_UNIT.fullmatch(word):
            return tuple(part for half in match.groups() for part in self._half(half))
        if word.isdigit() or word in self._vocabulary:
            return (word,)
        return self._with_digits(word) if not word.isalpha() else (self._letters(word),)

    def _with_digits(self, word: str) -> tuple[str, ...]:
        if match := REDUPLICATED.fullmatch(word):
            base, ending = match.groups()
            (first, *_), last = self._words(base), self._letters(base + ending)
            return (first, last)
        if match := UNIT_NUMBER.fullmatch(word):
            return tuple(part for half in match.groups() for part in self._half(half))
        spelt = word.translate(DIGIT_LETTERS)
        return (spelt,) if self.known(spelt) else (word,)

    def _half(self, half: str) -> tuple[str, ...]:
        return (half,) if half.isdigit() else self._lexicon.shorthand.get(half, (half,))

    def _letters(self, word: str) -> str:
        """The known word nearest to `word`, or `word` itself."""
        if self.known(word):
            return word
        for shorter in (
            LONG_RUN.sub(r"\1\1", word),
            LONG_RUN.sub(r"\1", word),
            RUN.sub(r"\1", word),
        ):
            if shorter == word:
                continue
            if shorter in self._lexicon.shorthand:
                return self._lexicon.shorthand[shorter][0]
            if self.known(shorter):
                return shorter
        return self._guess(word) or word
