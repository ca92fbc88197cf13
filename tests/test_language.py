"""Every sentence in every language: translated, whole, plain, and short enough for an SMS."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from bots import news, officers, refusals, replies
from bots.desk import Desk
from bots.language import LOCALE, SOURCE, Sentence, joined, label, languages, named
from bots.reader import LOCAL_LEVELS, Reader
from bots.summary import LESS_ROOM, LONGEST_TOPIC, ROOM, answer
from gateway.channels.gsm7 import segments
from gateway.runtime import Runtime
from store.models import ArchiveReason, Complaint, ComplaintStatus, Privacy

FIELD = re.compile(r"\{\w+\}")
TRANSLATED = sorted(path.stem for path in LOCALE.glob("*.po"))
SPOKEN = [SOURCE, *TRANSLATED]
DAY = date(2026, 12, 30)
N = 9165816
SHORTEST = replies.in_triage(N, "", DAY).say() + ": "


def in_code() -> set[str]:
    files = [Path(module.__file__) for module in (replies, news, officers, refusals)]
    found = (extract_from_file("python", file, keywords={"Sentence": None}) for file in files)
    return {words for each in found for _, words, *_ in each if isinstance(words, str)}


def translations(language: str) -> dict[str, str]:
    with (LOCALE / f"{language}.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_is_without_translation_and_none_is_left_over(language: str) -> None:
    known = {words for words, said in translations(language).items() if said}
    assert known == in_code()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_fields_of_its_sentence(language: str) -> None:
    for words, said in translations(language).items():
        assert set(FIELD.findall(said)) == set(FIELD.findall(words)), words


def longest(reader: Reader) -> tuple[str, str, str]:
    """What a reply says at its longest: topic and place, the same beside more, and an agency."""
    catalogue, gazetteer = reader.catalogue, reader.gazetteer
    regions = [gazetteer.name(code) for code in gazetteer._index.names if len(code) == 5]
    local = [item for item in catalogue.agencies.values() if item.level in LOCAL_LEVELS]
    names = [reader.agency_name(item.code) for item in catalogue.agencies.values()]
    area = max(regions, key=len)
    names += [f"{reader.agency_name(item.code)} {area}" for item in local]
    return "x" * ROOM, "x" * LESS_ROOM, max(names, key=len)


def test_topic_and_place_keep_to_their_room(reader: Reader, runtime: Runtime) -> None:
    desk = Desk(reader, runtime.policy, datetime(2026, 11, 20, tzinfo=UTC))
    topics = [None, *reader.catalogue.categories]
    codes = sorted(reader.gazetteer._index.names, key=lambda code: len(reader.place_name(code)))
    for topic in topics:
        for place in (None, *codes[-3:]):
            complaint = Complaint(tracking=N, category=topic, place=place, deadline=DAY)
            assert len(answer(complaint, desk).say()) <= len(SHORTEST) + ROOM


def everything(matter: str, less: str, agency: str) -> list[Sentence]:
    """Each sentence as it may be sent, with the longest names."""
    fixed = [value for value in vars(replies).values() if isinstance(value, Sentence)]
    received = replies.received(N, matter, agency, DAY)
    told = replies.received(N, less, agency, DAY)
    topic = "x" * LONGEST_TOPIC
    return [
        *fixed,
        *replies.SCORES,
        *replies.NEXT_IS.values(),
        replies.reply_what(N),
        received,
        replies.emergency(told),
        joined(replies.SECRET_BY_DEFAULT, told),
        replies.in_triage(N, matter, DAY),
        replies.ask_place(N, matter),
        replies.which_place(N, matter),
        replies.which_category(N),
        replies.which_agency(N, matter),
        replies.repeated(N),
        replies.added(N),
        replies.withdrawn(N),
        *(replies.hidden(N, privacy) for privacy in Privacy),
        replies.unknown_number(str(N)),
        replies.not_yours(N),
        *(replies.status_line(N, status, topic, agency, DAY, DAY) for status in ComplaintStatus),
        *(replies.public_status(N, status, Privacy.PUBLIC) for status in ComplaintStatus),
        *(replies.speaks(code, languages()) for code in ("id", "xx")),
        replies.code("123456"),
        replies.code_sent("+62*****123"),
        news.handed_on(N, agency, DAY),
        news.sent_back(N, agency),
        news.begun(N, agency),
        news.satisfied(N),
        news.closed(N),
        *(news.archived(N, reason, "") for reason in ArchiveReason),
        news.restored(N),
        news.due_moved(N, DAY),
        *(news.late(N, name) for name in ("", agency)),
        news.ombudsman(N),
        replies.reopened(N, agency),
        replies.escalated(N),
    ]


@pytest.mark.parametrize("language", SPOKEN)
def test_two_sms_hold_any_sentence_and_one_most(language: str, reader: Reader) -> None:
    said = [item.say(language) for item in everything(*longest(reader)) if not unfilled(item)]
    assert [words for words in said if not words.isascii()] == []
    assert [words for words in said if segments(words) > 2] == []
    assert sum(segments(words) == 1 for words in said) >= 0.7 * len(said)
    assert segments(replies.HELP.say(language)) == 1


def unfilled(sentence: Sentence) -> bool:
    return set(FIELD.findall(sentence.words)) != {f"{{{name}}}" for name in sentence.fields}


@pytest.mark.parametrize(
    ("said", "code"),
    [("EN", "en"), ("english", "en"), ("Inggris", "en"), ("id", "id"), ("Indonesia", "id")],
)
def test_a_language_by_code_or_name(said: str, code: str) -> None:
    assert named(said) == code


def test_what_no_translator_knows_stays_as_it_is() -> None:
    assert label("Kota Bandung", "en") == "Kota Bandung"
    assert label("Puas", "en") == "Satisfied"
    assert Sentence("Puas").say("xx") == "Puas"
