"""What a message wants: emergency, greeting, thanks, spam, a question, a wish, a complaint."""

from collections.abc import Sequence

from parsers.cues import Cues, Spotted
from parsers.understanding import Kind

CALM_BEFORE = 4  # words before an emergency in which `rawan` or `takut` makes it none
SHORT = 8  # words of a greeting
THANKS_FOR = 4  # words of thanks that are neither polite nor thanks
CHASING = 14  # words of a question about an earlier complaint
OPENING = 8  # words in which a message says what it is
SPAM = 2  # different cues
REQUESTS = frozenset({"mohon", "tolong", "minta", "bantu", "dibantu"})
INDONESIAN = "id"
LANGUAGES = (INDONESIAN, "jv", "su", "min", "bjn", "en")  # ISO 639
FOREIGN = 3  # words of another language, at least, and more than of Indonesian


def kind_of(
    words: Sequence[str], spotted: Spotted, cues: Cues, *, tracking: bool, likely: bool
) -> Kind:
    """The kind of a text that is no command; `likely` says that a category was recognised."""
    if emergency_in(spotted):
        return Kind.EMERGENCY
    if not any(word.isalpha() for word in words):
        return Kind.OTHER
    if (social := _social(words, spotted, cues)) and not tracking:
        return social
    if _is_spam(spotted):
        return Kind.SPAM
    if earlier := _earlier(words, spotted, tracking=tracking):
        return earlier
    if wish := _wish(spotted):
        return wish
    return Kind.COMPLAINT if likely or spotted["trouble"] else Kind.OTHER


def emergency_in(spotted: Spotted) -> str | None:
    """The words that say that someone is in danger now."""
    if spotted["past"]:
        return None
    calm = [place for place, _ in spotted["calm"]]
    for place, phrase in spotted["emergency"]:
        if not any(place - CALM_BEFORE <= before < place for before in calm):
            return phrase
    return None


def urgent_in(spotted: Spotted) -> str | None:
    """Why the message should be read before others."""
    found = emergency_in(spotted) or next((phrase for _, phrase in spotted["urgent"]), None)
    return f"disebut: {found}" if found else None


def language_of(words: Sequence[str], cues: Cues) -> str | None:
    """The language that most words point to; Indonesian unless another clearly prevails."""
    if not any(word.isalpha() for word in words):
        return None
    counts = cues.languages(words)
    best = max(LANGUAGES, key=lambda code: counts[code])
    return best if counts[best] >= FOREIGN else INDONESIAN


def _social(words: Sequence[str], spotted: Spotted, cues: Cues) -> Kind | None:
    """Thanks or a greeting and nothing else."""
    thanked = {place + n for place, cue in spotted["thanks"] for n in range(len(cue.split()))}
    filler = cues.words("filler")
    rest = [w for n, w in enumerate(words) if n not in thanked and w not in filler]
    if thanked and len(rest) <= THANKS_FOR and not _wants(words, rest, cues):
        return Kind.THANKS
    if len(words) <= SHORT and cues.words("greeting").issuperset(rest):
        return Kind.GREETING if rest else Kind.OTHER
    return None


def _wants(words: Sequence[str], rest: Sequence[str], cues: Cues) -> bool:
    """Thanks that end a complaint or a request."""
    asks = bool(rest) and not REQUESTS.isdisjoint(words)
    return asks or not cues.words("trouble").isdisjoint(rest)


def _is_spam(spotted: Spotted) -> bool:
    return len({phrase for _, phrase in spotted["spam"]}) >= SPAM and not spotted["complaint"]


def _earlier(words: Sequence[str], spotted: Spotted, *, tracking: bool) -> Kind | None:
    """About a complaint that was made before."""
    asks = bool(spotted["status"]) and len(words) <= CHASING
    if tracking:
        return Kind.STATUS_QUERY if asks else Kind.FOLLOW_UP
    return Kind.STATUS_QUERY if asks and spotted["mine"] else None


def _wish(spotted: Spotted) -> Kind | None:
    """A suggestion or a question that tells of no trouble, or that opens the message."""
    trouble = [place for place, _ in spotted["trouble"]]
    early_trouble = any(place < OPENING for place in trouble)
    for cue, kind in (
        ("aspiration", Kind.ASPIRATION),
        ("information", Kind.INFORMATION_REQUEST),
    ):
        places = [place for place, _ in spotted[cue]]
        if places and (not trouble or (min(places) < OPENING and not early_trouble)):
            return kind
    return None
