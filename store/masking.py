"""What may be read by everyone in a text that was written to an office."""

from functools import lru_cache

from parsers.private import private_spans
from parsers.stem import stem
from store.understander import load_tables

MASK = "***"


def masked(text: str) -> str:
    """The text with numbers of persons, addresses of mail, plates and names hidden."""
    parts, end = [], 0
    for span in private_spans(text, load_tables().people, _known):
        parts += [text[end : span.start], MASK]
        end = span.end
    return "".join([*parts, text[end:]])


@lru_cache(maxsize=8192)
def _known(word: str) -> bool:
    """Whether a word after `saya` is an ordinary one."""
    lexicon = load_tables().lexicon
    if word in lexicon.shorthand or word in lexicon.stopwords:
        return True
    return stem(word, lexicon.roots) in lexicon.roots
