"""Commands that 1708 obeys, however they are typed; a word inside a complaint is not a command."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from parsers.text import Token, tokenise
from parsers.tracking import TRACKING, counts_something, trackings
from parsers.understanding import Command, Verb

LOOKED_AT = 24  # words of a message
LONGEST = 12  # words of a command without a number
SHORTEST_TYPO = 4  # letters of a word that may be misspelt
TELEGRAM = re.compile(r"\s*/([A-Za-z]+)(?:@\w+)?(?:\s+(.*))?\s*", re.DOTALL)
GLUED = re.compile(r"([a-z]+)(\d{5,9})")  # STATUS1234567
CHANGING = frozenset({Verb.CANCEL, Verb.STOP, Verb.START, Verb.UNLINK})
EXACT = frozenset(  # everyday words: misspelt, late in a message or asked they are no commands
    {Verb.SATISFIED, Verb.UNSATISFIED, Verb.PUBLIC, Verb.LANGUAGE, Verb.LINK}
)
NUMBERED = frozenset(  # about one complaint
    {Verb.STATUS, Verb.CANCEL, Verb.REPLY, Verb.SATISFIED, Verb.UNSATISFIED}
    | {Verb.ANONYMOUS, Verb.CONFIDENTIAL, Verb.PUBLIC}
)
ARGUED = frozenset({Verb.LANGUAGE, Verb.LINK})  # followed by a word or a phone number
PHONE = re.compile(r"[\d\s+().-]+")
CAREFUL = 5.0  # more that a misspelt word needs before something changes: `batas` is not BATAL
UNNUMBERED_REPLY = re.compile(r"\W*balas\b", re.IGNORECASE)
POLITE = 4  # words that may stand before the verb


@dataclass(frozen=True, slots=True)
class CommandWords:
    """parsers/tables/commands.csv: verbs by word, and words that may stand beside."""

    verbs: Mapping[str, Verb]
    fillers: frozenset[str]
    labels: frozenset[str]  # beside a number that is the whole message


def parse_command(
    text: str, words: CommandWords, *, typo: float, tokens: Sequence[Token] | None = None
) -> Command | None:
    """The command that the whole message is, or None; `typo` is the least ratio, 0..100."""
    if match := TELEGRAM.fullmatch(text):
        return _slash(match.group(1).lower(), match.group(2) or "", words, typo)
    tokens = tokenise(text, limit=LOOKED_AT) if tokens is None else tokens[:LOOKED_AT]
    return _plain(text, tokens, words, typo)


def _slash(name: str, rest: str, words: CommandWords, typo: float) -> Command | None:
    """Telegram opens every chat with /start: there it greets, and does not undo STOP."""
    if name == "start":
        return Command(Verb.HELP, text=rest.strip())
    plain = f"{name} {rest}"
    return _plain(plain, tokenise(plain, limit=LOOKED_AT), words, typo)


def _plain(text: str, tokens: Sequence[Token], words: CommandWords, typo: float) -> Command | None:
    tokens = _unglued(tokens, words, typo)
    if not tokens:
        return None
    if _is_number(tokens, words):
        found = trackings(tokens, text, bare=True)
        return Command(Verb.STATUS, found[0]) if found else None
    for place, token in enumerate(tokens[: POLITE + 1]):
        verb = words.verbs.get(token.norm)
        exact = verb is not None
        verb = verb or _near(token.norm, words, typo)
        if verb in EXACT and (place or not exact or text.rstrip().endswith("?")):
            return None
        if verb is not None:
            command = _command(verb, tokens[place + 1 :], text, words, exact=exact)
            if command or token.norm not in words.fillers:
                return command
        elif token.norm not in words.fillers:
            return None
    return None


def _unglued(tokens: Sequence[Token], words: CommandWords, typo: float) -> list[Token]:
    """STATUS1234567 as two words."""
    match = GLUED.fullmatch(tokens[0].norm) if tokens else None
    if not match or not (match[1] in words.verbs or _near(match[1], words, typo)):
        return list(tokens)
    first, middle = tokens[0], tokens[0].start + len(match[1])
    word, number = Token(match[1], first.start, middle), Token(match[2], middle, first.end)
    return [word, number, *tokens[1:]]


def _is_number(tokens: Sequence[Token], words: CommandWords) -> bool:
    """The message holds nothing but a number and words such as `nomor laporan`."""
    numbers = [token for token in tokens if token.norm.isdigit()]
    others = [token for token in tokens if not token.norm.isdigit()]
    return len(numbers) == 1 and all(token.norm in words.labels for token in others)


def _near(word: str, words: CommandWords, typo: float) -> Verb | None:
    if len(word) < SHORTEST_TYPO:
        return None
    found = process.extractOne(word, words.verbs.keys(), scorer=fuzz.ratio, score_cutoff=typo)
    if not found:
        return None
    known, score, _ = found
    verb = words.verbs[known]
    return None if verb in CHANGING and score < typo + CAREFUL else verb


def _command(
    verb: Verb, rest: Sequence[Token], text: str, words: CommandWords, *, exact: bool
) -> Command | None:
    if verb in ARGUED:
        return _argued(verb, rest, text)
    number = _number(rest, words)
    if number is not None:
        after = text[rest[number].end :].strip(" \t\r\n:;,.-#")
        return _numbered(verb, rest[number].norm, after)
    if verb is Verb.REPLY:
        return _unnumbered_reply(rest, text)
    alone = all(token.norm in words.fillers or token.norm in words.verbs for token in rest)
    if not alone or len(rest) > LONGEST or not (exact or len(rest) <= 1):
        return None
    return Command(verb)


def _argued(verb: Verb, rest: Sequence[Token], text: str) -> Command | None:
    """`BAHASA EN`, `HUBUNGKAN 0812 0000 1234`; more words are a sentence."""
    said = text[rest[0].start :].strip() if rest else ""
    phone = verb is Verb.LINK and PHONE.fullmatch(said) is not None
    return Command(verb, text=said) if phone or len(rest) <= 1 else None


def _number(rest: Sequence[Token], words: CommandWords) -> int | None:
    """The place of the tracking number that follows the verb, with at most fillers before it."""
    for place, token in enumerate(rest[: POLITE + 1]):
        if TRACKING.fullmatch(token.norm):
            return None if counts_something(rest, place) else place
        if token.norm not in words.fillers and token.norm not in words.verbs:
            return None
    return None


def _numbered(verb: Verb, number: str, after: str) -> Command | None:
    if verb in NUMBERED:
        return Command(verb, number, after)
    return Command(Verb.STATUS, number) if verb is Verb.HELP else Command(verb)


def _unnumbered_reply(rest: Sequence[Token], text: str) -> Command | None:
    """BALAS that opens a message answers the latest complaint; BL, TL mean too much else."""
    if not rest or not UNNUMBERED_REPLY.match(text):
        return None
    return Command(Verb.REPLY, text=text[rest[0].start :].strip())
