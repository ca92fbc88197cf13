"""Real messages of two cities, measured where they are at hand; their texts are never shown."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.settings import ROOT

LABELS = Path(__file__).parents[1] / "labels"
SURABAYA, BANDUNG = "35.78", "32.73"
FRAUD, PROMOTION = "1", "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A complaint of Surabaya, with what the city's officers made of it."""

    id: str
    text: str
    address: str
    topic: str  # the city's own label
    office: str
    topics: tuple[str, ...]  # ours that are right, the best first
    catch_all: bool  # a label for whatever came to that office
    agencies: tuple[str, ...]
    village: str  # Kemendagri code, or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tweet:
    """A tweet to the city of Bandung; `where` is in the words of the people who labelled it."""

    text: str
    topics: tuple[str, ...]
    complaint: bool
    where: str


@dataclass(frozen=True, slots=True)
class Sms:
    text: str
    spam: bool
    fraud: bool


def folder() -> Path | None:
    """Where the real messages are, None if they are not at hand."""
    found = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data")
    return found if (found / "dev").is_dir() else None


def surabaya(data: Path) -> list[Report]:
    topics, offices = labels("surabaya_topics.csv"), labels("surabaya_offices.csv")
    villages = {
        row["id"]: row["kel_code"] for row in _rows(data / "dev/surabaya_location_gold.csv")
    }
    reports = []
    for item in _lines(data / "dev/surabaya_2022_2023.jsonl"):
        topic, office = item.get("category") or "", _office(item["agency"])
        label = topics.get(topic, {})
        reports.append(
            Report(
                id=item["id"],
                text=item["text"],
                address=item.get("address") or "",
                topic=topic,
                office=office,
                topics=_items(label.get("topics")),
                catch_all=bool(label.get("catch_all")),
                agencies=_items(offices.get(office, {}).get("agencies")),
                village=villages.get(item["id"], ""),
            )
        )
    return reports


def bandung(data: Path) -> list[Tweet]:
    topics = labels("bandung_topics.csv")
    return [
        Tweet(
            text=item["text"],
            topics=_items(topics.get(item.get("topic") or "", {}).get("topics")),
            complaint=item["type"] == "keluhan",
            where=item.get("where") or "",
        )
        for item in _lines(data / "dev/bandung_tweets_2015_2016.jsonl")
    ]


def sms(data: Path) -> list[Sms]:
    rows = _rows(data / "sms/dataset_sms_spam_v1_b.csv")
    return [
        Sms(row["Teks"], row["label"] in {FRAUD, PROMOTION}, row["label"] == FRAUD) for row in rows
    ]


def classes() -> dict[str, str]:
    """Our class of each official top category."""
    return {row["category"]: row["class"] for row in _rows(LABELS / "classes.csv")}


def _office(name: str) -> str:
    """All kelurahan are one office, and all kecamatan."""
    first = name.partition(" ")[0]
    return first if first in {"Kelurahan", "Kecamatan"} else name


def labels(name: str) -> dict[str, dict[str, str]]:
    return {row["label"]: row for row in _rows(LABELS / name)}


def _items(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split("|") if part)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _lines(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
