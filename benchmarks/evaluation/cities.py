"""The figures on real messages of two cities and on real SMS; no text of theirs is ever shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evaluation import city
from benchmarks.evaluation.categories import (
    COARSE,
    HALF,
    SURE,
    Classes,
    Judged,
    agency_rows,
    category_rows,
)
from benchmarks.evaluation.fields import spam_rows
from benchmarks.evaluation.learned import order
from benchmarks.evaluation.metrics import share
from benchmarks.evaluation.places import (
    ALARMS,
    KECAMATAN,
    KELURAHAN,
    WORDS,
    Placed,
    at_level,
    level_rows,
    names,
    place_words,
    word_rows,
)
from benchmarks.evaluation.reading import Ask, Reading
from benchmarks.evaluation.table import Row, row
from bots.reader import Reader
from parsers.understanding import Understanding

AWAY = "not measured: the real messages are not at hand"
PLACE = "Place, real messages"
TERRITORIAL = {"KELURAHAN", "KECAMATAN"}  # of that city they do the work of any department
LARGER = (8, 13)  # characters of the codes of kecamatan and kelurahan


@dataclass(frozen=True, slots=True)
class Cities:
    """Real messages as they were understood."""

    surabaya: list[city.Report]
    nationwide: list[Understanding]  # of their texts alone
    local: list[Understanding]  # of text and address, the city given
    bandung: list[city.Tweet]
    tweets: list[Understanding]
    sms: list[city.Sms]
    texted: list[Understanding]

    @property
    def reports(self) -> list[Judged]:
        """Those whose label has a topic of ours."""
        both = zip(self.surabaya, self.nationwide, strict=True)
        return [Judged(item.topics, seen) for item, seen in both if item.topics]

    @property
    def complaints(self) -> list[Judged]:
        both = zip(self.bandung, self.tweets, strict=True)
        return [Judged(item.topics, seen) for item, seen in both if item.topics and item.complaint]


def read(reading: Reading, reader: Reader, data: Path, *, every: int = 1) -> Cities:
    reports = [item for item in city.surabaya(data) if order(item.id) % every == 0]
    tweets, sms = city.bandung(data)[::every], city.sms(data)[::every]
    located = [Ask(f"{item.text}\n{item.address}", city.SURABAYA) for item in reports]
    return Cities(
        reports,
        reading.read(reader, (Ask(item.text) for item in reports), "Surabaya"),
        reading.read(reader, located, "Surabaya, with address"),
        tweets,
        reading.read(reader, (Ask(item.text, city.BANDUNG) for item in tweets), "Bandung"),
        sms,
        reading.read(reader, (Ask(item.text) for item in sms), "SMS"),
    )


def rows(found: Cities, classes: Classes, reader: Reader) -> list[Row]:
    labelled = [item.catch_all for item in found.surabaya if item.topics]
    plain = [j for j, vague in zip(found.reports, labelled, strict=True) if not vague]
    offices = [
        (item, Judged(item.agencies, seen))
        for item, seen in zip(found.surabaya, found.local, strict=True)
        if item.agencies
    ]
    departments = [judged for item, judged in offices if not TERRITORIAL & set(item.agencies)]
    group = "Category without training, {}"
    return [
        *category_rows(group.format("Surabaya"), "all labels", found.reports, classes, aims=True),
        *category_rows(
            group.format("Surabaya, without two catch-all labels"), "", plain, classes, aims=True
        ),
        *agency_rows(
            "Agency without training, Surabaya", "city given", [j for _, j in offices], whole=False
        ),
        *agency_rows(
            "Agency without training, Surabaya, without kelurahan and kecamatan",
            "city given",
            departments,
            whole=False,
        ),
        *category_rows(
            group.format("Bandung"), "complaining tweets", found.complaints, classes, aims=True
        ),
        *_place_rows(found, reader),
        *spam_rows(found.sms, found.texted),
    ]


def _place_rows(found: Cities, reader: Reader) -> list[Row]:
    wide = _placed(found.surabaya, found.nationwide)
    near = _placed(found.surabaya, found.local)
    named = [
        (item, placed) for item, placed in wide if names(item.text, _called(item.village, reader))
    ]
    addressed = [
        placed
        for item, placed in near
        if names(f"{item.text} {item.address}", _called(item.village, reader)[1:])
    ]
    with_city = [p for item, p in named if names(item.text, ("Surabaya", "sby"))]
    alone = [p for item, p in named if not names(item.text, ("Surabaya", "sby"))]
    tweets = [(item.where, seen) for item, seen in zip(found.bandung, found.tweets, strict=True)]
    return [
        _kecamatan("kecamatan, nationwide: text names it or its kelurahan", [p for _, p in named]),
        _kecamatan("kecamatan, nationwide: the same, and the city", with_city),
        _kecamatan("kecamatan, nationwide: the same, not the city", alone, aim=False),
        row(
            PLACE,
            "kelurahan, city given: text + address name it",
            "Surabaya",
            share(at_level(item, 13) for item in addressed),
            KELURAHAN,
            ".793",
        ),
        *level_rows(PLACE, "Surabaya, text + address, city given, all", [p for _, p in near]),
        *word_rows(PLACE, "Bandung tweets", tweets, aims=True),
        row(
            PLACE,
            "place words: false alarm, the city itself left out",
            "Bandung tweets",
            share(_elsewhere(seen) for where, seen in tweets if not where),
        ),
        row(
            PLACE,
            "place words: false alarm, in complaints",
            "Bandung tweets",
            share(
                bool(place_words(seen))
                for item, seen in zip(found.bandung, found.tweets, strict=True)
                if item.complaint and not item.where
            ),
        ),
    ]


def _elsewhere(seen: Understanding) -> bool:
    """Words of place that say more than the city that the tweet was sent to."""
    best = seen.place
    more = best is not None and best.start >= 0 and not city.BANDUNG.startswith(best.code)
    return more or seen.address is not None


def _kecamatan(what: str, placed: Sequence[Placed], *, aim: bool = True) -> Row:
    got = share(at_level(item, 8) for item in placed)
    others = "lokal-id .804" if aim else ""
    return row(PLACE, what, "Surabaya", got, KECAMATAN if aim else None, others)


def _placed(
    reports: Sequence[city.Report], seen: Sequence[Understanding]
) -> list[tuple[city.Report, Placed]]:
    return [
        (item, Placed(item.village, found))
        for item, found in zip(reports, seen, strict=True)
        if item.village
    ]


def _called(village: str, reader: Reader) -> tuple[str, ...]:
    """The names of kecamatan and kelurahan, in this order."""
    return tuple(reader.gazetteer.name(village[:size]) for size in LARGER)


def missing() -> list[Row]:
    """The bars of the issue that need real messages, without figures."""
    bars = (
        ("Category without training, Surabaya", "coarse class: accuracy", COARSE),
        ("Category without training, Surabaya", "`sure`: share of all", HALF),
        ("Category without training, Surabaya", "`sure`: coarse class right", SURE),
        (PLACE, "kecamatan, nationwide: text names it or its kelurahan", KECAMATAN),
        (PLACE, "kelurahan, city given: text + address name it", KELURAHAN),
        (PLACE, "place words: token F1", WORDS),
        (PLACE, "place words: false alarm", ALARMS),
    )
    return [Row(group=group, what=what, aim=aim, why=AWAY) for group, what, aim in bars]
