"""What a message wants: emergency, greeting, thanks, spam, a question, a wish, a complaint."""

from collections.abc import Sequence

from parsers.cues import Cues
from parsers.understanding import Kind

CALM_BEFORE = 4  # words before an emergency in which `rawan` or `takut` makes it none
SHORT = 8  # words of a greeting or of thanks
CHASING = 14  # words of a question about an earlier complaint
OPENING = 8  # words in which a message says what it is
REQUESTS = frozenset({"mohon", "tolong", "minta", "bantu", "dibantu"})
SPAM = 2  # different cues
LANGUAGES = ("jv", "su", "min", "bjn", "en")
FOREIGN = 3  # words of another language, at least, and more than of Indonesian


def kind_of(
    words: Sequence[str], cues: Cues, *, tracking: bool, emergency: bool, likely: bool
) -> Kind:
    """The kind of a text that is no command; `likely` says that a category was recognised."""
    if emergency:
        return Kind.EMERGENCY
    if not any(word.isalpha() for word in words):
        return Kind.OTHER
    if (social := _social(words, cues)) and not tracking:
        return social
    if _is_spam(words, cues):
        return Kind.SPAM
    if earlier := _earlier(words, cues, tracking=tracking):
        return earlier
    return _wish(words, cues) or _complaint(words, cues, likely=likely)


def emergency_in(words: Sequence[str], cues: Cues) -> str | None:
    """The words that say that someone is in danger now."""
    found = cues["emergency"].find(words)
    if not found or cues["past"].find(words):
        return None
    for place, phrase in found:
        if not cues["calm"].find(words[max(0, place - CALM_BEFORE) : place]):
            return phrase
    return None


def urgent_in(words: Sequence[str], cues: Cues) -> str | None:
    """Why the message should be read before others."""
    found = emergency_in(words, cues) or next((p for _, p in cues["urgent"].find(words)), None)
    return f"disebut: {found}" if found else None


def language_of(words: Sequence[str], cues: Cues) -> str | None:
    """ISO 639 code of the language that most words point to; Indonesian unless others prevail."""
    if not any(word.isalpha() for word in words):
        return None
    counts = {code: sum(word in cues[code] for word in words) for code in LANGUAGES}
    best = max(LANGUAGES, key=lambda code: counts[code])
    formal = sum(word in cues["id"] for word in words)
    return best if counts[best] >= FOREIGN and counts[best] > formal else "id"


def _social(words: Sequence[str], cues: Cues) -> Kind | None:
    """Thanks or a greeting and nothing else."""
    polite, filler = cues["greeting"], cues["filler"]
    thanks = cues["thanks"].find(words)
    covered = {place + n for place, phrase in thanks for n in range(len(phrase.split()))}
    rest = [w for n, w in enumerate(words) if n not in covered and w not in filler]
    asks = rest and not REQUESTS.isdisjoint(words)
    if thanks and len(rest) <= SHORT // 2 and not asks and not cues["trouble"].find(rest):
        return Kind.THANKS
    if len(words) <= SHORT and all(word in polite for word in rest):
        return Kind.GREETING if rest else Kind.OTHER
    return None


def _is_spam(words: Sequence[str], cues: Cues) -> bool:
    found = {phrase for _, phrase in cues["spam"].find(words)}
    return len(found) >= SPAM and not cues["complaint"].find(words)


def _earlier(words: Sequence[str], cues: Cues, *, tracking: bool) -> Kind | None:
    """About a complaint that was made before."""
    asks = bool(cues["status"].find(words))
    if tracking:
        return Kind.STATUS_QUERY if asks and len(words) <= CHASING else Kind.FOLLOW_UP
    if cues["mine"].find(words) and asks and len(words) <= CHASING:
        return Kind.STATUS_QUERY
    return None


def _wish(words: Sequence[str], cues: Cues) -> Kind | None:
    """A suggestion or a question that tells of no trouble, or that opens the message."""
    trouble = bool(cues["trouble"].find(words))
    opening = words[:OPENING]
    for name, kind in (
        ("aspiration", Kind.ASPIRATION),
        ("information", Kind.INFORMATION_REQUEST),
    ):
        if cues[name].find(words) and (
            not trouble or (cues[name].find(opening) and not cues["trouble"].find(opening))
        ):
            return kind
    return None


def _complaint(words: Sequence[str], cues: Cues, *, likely: bool) -> Kind:
    return Kind.COMPLAINT if likely or cues["trouble"].find(words) else Kind.OTHER
