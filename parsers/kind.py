"""What a message wants: emergency, greeting, thanks, spam, a question, a wish, a complaint."""

from collections.abc import Sequence, Set
from dataclasses import replace

from parsers.cues import Cues, Spotted, beyond, covered, together
from parsers.danger import dreaded_in, emergency_in, urgent_in
from parsers.learned import Verdict
from parsers.understanding import Candidate, Kind

REPORTS = frozenset({Kind.COMPLAINT, Kind.ASPIRATION, Kind.INFORMATION_REQUEST, Kind.EMERGENCY})
HAPPENED = frozenset(  # kinds that may tell when something happened; other days are wishes and ads
    {Kind.COMPLAINT, Kind.EMERGENCY, Kind.FOLLOW_UP, Kind.THANKS, Kind.OTHER}
)
SETTLED = frozenset({Kind.EMERGENCY, Kind.FOLLOW_UP, Kind.STATUS_QUERY, Kind.SPAM})
GRAVE = frozenset({Kind.EMERGENCY, Kind.SPAM})  # what must be sure: one alarms, one shuts out
EVEN = 0.5  # probability from which the examples are heard
TOPICAL = 20.0  # score of a category from which a text is about something
CLEAR = 60.0  # from which it is surely not about nothing
SHORT = 10  # words of a greeting
THANKS_FOR = 4  # words of thanks that are neither polite nor thanks
GRATEFUL = 25  # words of thanks that say what for
DONE, ASKED_LAST, LAST = "sudah", frozenset({"belum"}), 3  # of the last words
CHASING = 20  # words of a question about an earlier complaint
OPENING = 8  # words in which a message says what it is
BRIEF = 14  # words of a question that ends with what it asks
CLOSING = 7  # words of thanks at the end, with a name
TOLD = 12  # words from which a message that is nothing else tells of some trouble
SPAM = 2  # different cues; one more where the text pleads
OFFER = 0.7  # of a cue that honest messages use as well
# Offers and tricks of which each word alone is harmless.
TRICKS = (("send", "account", "only"), ("topup", "number"), ("deal", "negotiate"))
# Cues of somebody who pleads, or tells of trouble, danger or a wish.
REPORTED = ("trouble", "complaint", "plea", "aspiration", "danger", "emergency", "urgent")
# Cues of which one must stand in a text for a kind that the examples find likely but not surely.
EVIDENCE = {
    Kind.FOLLOW_UP: ("mine", "status", "chase", "news"),
    Kind.STATUS_QUERY: ("mine", "status", "chase"),
    Kind.INFORMATION_REQUEST: ("information", "question"),
    Kind.GREETING: ("greeting", "hello"),
}
ASKING = frozenset({"mohon", "tolong", "minta"})
PERSONS = frozenset({"saya", "kami", "warga"})
REQUESTS = ASKING | {"bantu", "dibantu"}
MILD = frozenset(  # troubles that a question or a wish may speak of as well
    {"tidak", "belum", "rusak", "hilang", "lama", "mati", "lapor", "tolong", "salah", "sakit"}
    | {"susah", "terlambat", "telat", "habis"}
)
INDONESIAN = "id"
LANGUAGES = (INDONESIAN, "jv", "su", "min", "bjn", "en")  # ISO 639
FOREIGN = 3  # words of another language, at least, and more than of Indonesian


def kind_of(
    words: Sequence[str], spotted: Spotted, cues: Cues, *, tracking: bool, likely: bool
) -> Kind:
    """The kind of a text that is no command; `likely` says that a category was recognised."""
    if emergency_in(words, spotted):
        return Kind.EMERGENCY
    if not any(word.isalpha() for word in words):
        return Kind.OTHER
    if (social := _social(words, spotted, cues)) and not tracking:
        return social
    if _is_spam(spotted):
        return Kind.SPAM
    if earlier := _earlier(words, spotted, tracking=tracking):
        return earlier
    if wish := _wish(words, spotted):
        return wish
    told = likely or len(words) >= TOLD or bool(spotted["trouble"] or urgent_in(words, spotted))
    return Kind.COMPLAINT if told else Kind.OTHER


def settled(
    found: Kind, learnt: Verdict, words: Sequence[str], spotted: Spotted, *, topical: float
) -> Kind:
    """What examples say of the kind, unless words for danger or an earlier complaint settle it.

    `topical` is the score 0..100 that the text is about something.
    """
    greeted = found is Kind.GREETING and learnt.best == Kind.OTHER  # `selamat natal admin`
    if found in SETTLED or greeted:
        return found
    clear = topical >= CLEAR
    if learnt.shares[learnt.best] < EVEN:
        return Kind.COMPLAINT if found is Kind.OTHER and clear else found
    kind = Kind(learnt.best)
    if not learnt.sure and not _spoken_for(kind, found, spotted, clear=clear):
        return found
    if kind is not found and _goes_on(kind, words, spotted, clear=clear):
        return Kind.COMPLAINT if found is Kind.OTHER and topical >= TOPICAL else found
    grave = kind in GRAVE and not (learnt.sure or (kind is Kind.SPAM and _offers(spotted)))
    # Haste alone (`tolong cepat ya`, `tolong cepat diperbaiki`) is no emergency.
    alarmed = topical >= TOPICAL and dreaded_in(spotted)
    return found if grave or (kind is Kind.EMERGENCY and not alarmed) else kind


def _spoken_for(kind: Kind, found: Kind, spotted: Spotted, *, clear: bool) -> bool:
    """Whether any word speaks for a complaint, or for what is to be none of one that was found."""
    told = spotted["trouble"]  # `lubang di mana mana` asks nothing
    if kind is Kind.COMPLAINT:
        return clear or reported_in(spotted)
    if found is not Kind.COMPLAINT or not (told or clear):
        return True
    return kind not in EVIDENCE or any(beyond(spotted[cue], told) for cue in EVIDENCE[kind])


def _goes_on(kind: Kind, words: Sequence[str], spotted: Spotted, *, clear: bool) -> bool:
    """A greeting before a trouble, thanks with a `but`: a polite answer would lose a complaint."""
    if kind is Kind.GREETING:
        return clear and _asks(spotted)
    if kind is not Kind.THANKS:
        return False
    grateful = bool(spotted["thanks"] or spotted["praise"])
    polite = _ends_politely(words, spotted)
    return polite or _pleads(words, spotted) or (clear and not grateful)


def _ends_politely(words: Sequence[str], spotted: Spotted) -> bool:
    """`lampu mati seminggu, makasih`: trouble first, and nothing that was done about it."""
    trouble, thanks = spotted["trouble"], spotted["thanks"]
    undone = DONE not in words and not (spotted["praise"] or spotted["fixed"])
    closing = bool(thanks) and thanks[-1][0] + CLOSING >= len(words)
    return bool(undone and trouble and closing and trouble[0][0] < thanks[0][0])


def filed(candidates: tuple[Candidate, ...], kind: Kind) -> tuple[Candidate, ...]:
    """Only a report goes to a desk, so nothing is sure in a greeting."""
    if kind in REPORTS or not any(candidate.sure for candidate in candidates):
        return candidates
    return tuple(replace(candidate, sure=False) for candidate in candidates)


def reported_in(spotted: Spotted) -> bool:
    """Words by which anybody pleads, or tells of something that is or should be."""
    return any(spotted[cue] for cue in REPORTED)


def language_of(words: Sequence[str], cues: Cues) -> str | None:
    """The language that most words point to; Indonesian unless another clearly prevails."""
    if not any(word.isalpha() for word in words):
        return None
    counts = cues.languages(words)
    best = max(LANGUAGES, key=lambda code: counts[code])
    return best if counts[best] >= FOREIGN else INDONESIAN


def _social(words: Sequence[str], spotted: Spotted, cues: Cues) -> Kind | None:
    """Thanks or a greeting and nothing else."""
    thanked = covered(spotted["thanks"])
    filler = cues.words("filler")
    rest = [w for n, w in enumerate(words) if n not in thanked and w not in filler]
    if thanked and len(rest) <= THANKS_FOR and not _wants(words, rest, cues):
        return Kind.THANKS
    if spotted["praise"] and len(words) <= GRATEFUL and not _asks(spotted, PERSONS):
        return Kind.THANKS
    greeting = cues.words("greeting")
    if len(words) <= SHORT and (greeting | cues.words("chat")).issuperset(rest):
        greets = not greeting.isdisjoint(rest) or bool(spotted["hello"])
        return Kind.GREETING if greets else Kind.OTHER
    return None


def _wants(words: Sequence[str], rest: Sequence[str], cues: Cues) -> bool:
    """Thanks that end a complaint or a request."""
    asks = bool(rest) and not REQUESTS.isdisjoint(words)
    return asks or not cues.words("trouble").isdisjoint(rest)


def _asks(spotted: Spotted, without: Set[str] = frozenset()) -> bool:
    """Praise that goes on to complain or to ask."""
    pleas = any(word not in without for _, word in spotted["plea"])
    return pleas or any(spotted[cue] for cue in ("trouble", "information", "question"))


def _pleads(words: Sequence[str], spotted: Spotted) -> bool:
    """A request, or trouble in spite of what was done."""
    return not ASKING.isdisjoint(words) or bool(spotted["but"] and spotted["trouble"])


def _offers(spotted: Spotted) -> bool:
    """Words of an offer or a trick, by nobody who pleads or complains."""
    return bool(spotted["spam"]) and not (spotted["plea"] or spotted["complaint"])


def _is_spam(spotted: Spotted) -> bool:
    """Offers and tricks; who tells of them complains."""
    if beyond(spotted["complaint"], spotted["spam"]):  # `akun anda akan diblokir` is a threat
        return False
    if any(together(spotted, TRICKS)):
        return True
    found = [len({phrase for _, phrase in spotted[cue]}) for cue in ("spam", "offer")]
    return found[0] + found[1] * OFFER >= SPAM + bool(spotted["plea"])


def _earlier(words: Sequence[str], spotted: Spotted, *, tracking: bool) -> Kind | None:
    """About a complaint that was made before."""
    short = len(words) <= CHASING
    asks = short and bool(spotted["status"] or spotted["chase"] or _whether_done(words))
    if tracking:
        news = beyond(spotted["news"], spotted["chase"])  # `belum ada jawaban` is none
        return Kind.STATUS_QUERY if asks and not news else Kind.FOLLOW_UP
    return Kind.STATUS_QUERY if asks and spotted["mine"] else None


def _whether_done(words: Sequence[str]) -> bool:
    """`sudah dikerjakan belum`"""
    return DONE in words[: -len(ASKED_LAST)] and not ASKED_LAST.isdisjoint(words[-LAST:])


def _wish(words: Sequence[str], spotted: Spotted) -> Kind | None:
    """A suggestion or a question that tells of no trouble, or that opens the message."""
    trouble = [place for place, _ in spotted["trouble"]]
    grave = [place for place, cue in spotted["trouble"] if cue not in MILD]
    asked = [place for place, _ in spotted["question"]]
    if asked and (not trouble or (min(asked) < OPENING and not grave) or len(words) <= OPENING):
        return Kind.INFORMATION_REQUEST
    early_trouble = any(place < OPENING for place in grave)
    for cue, kind in (
        ("aspiration", Kind.ASPIRATION),
        ("information", Kind.INFORMATION_REQUEST),
    ):
        places = [place for place, _ in spotted[cue]]
        early = bool(places) and min(places) < OPENING and not early_trouble
        brief = kind is Kind.ASPIRATION or len(words) <= BRIEF
        if early or (places and not trouble and brief):
            return kind
    return None
