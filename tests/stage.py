"""Dialogue scripts, played through the whole service; docs/conversation.md says how they read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bots.casework import Casework
from gateway import jobs
from parsers.messages import Location, Media
from store.agencies.access import LOCAL
from store.models import (
    ArchiveReason,
    Attachment,
    Complaint,
    Event,
    OutboxRow,
    OutboxStatus,
)
from tests.harness import Gateway

FOLDER = Path(__file__).parent / "dialogues"
CHANNELS = ("sms", "whatsapp", "telegram", "kannel")
PEOPLE = {"ani": 1, "budi": 2}
MONTHS = "Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Agt|Sep|Okt|Nov|Des|May|Aug|Oct|Dec"
DATE = re.compile(rf"\b\d{{1,2}} (?:{MONTHS}) \d{{4}}|\b(?:{MONTHS}) \d{{1,2}}, \d{{4}}")
FIELDS = (
    "category",
    "agency",
    "place",
    "privacy",
    "status",
    "urgent",
    "rating",
    "reopened",
    "text",
)
OWN_NUMBER = re.compile(r"^\d{7} ")  # of a case that is offered
SILENCE = "silence"
LONG = "Jalan rusak parah di Kec. Coblong Kota Bandung. " * 104  # 5,000 characters


@dataclass(frozen=True)
class Script:
    title: str
    channels: tuple[str, ...]
    steps: list[dict[str, Any]]


def scripts() -> Iterator[Script]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.load(path.read_text(), yaml.CSafeLoader):
            wanted = entry.get("channels", "all")
            yield Script(
                entry["title"], CHANNELS if wanted == "all" else tuple(wanted), entry["steps"]
            )


def sender(name: str, channel: str) -> str:
    number = PEOPLE[name]
    return f"70000{number}" if channel == "telegram" else f"+6281200000{number:03}"


def masked(text: str) -> str:
    """Tracking numbers as N, dates as D, codes as C."""
    text = re.sub(r"\b[1-9]\d{6}\b", "N", DATE.sub("D", text))
    return re.sub(r"\b\d{6}\b", "C", text)


@dataclass
class Stage:
    """One performance of a script on one channel."""

    gateway: Gateway
    channel: str
    seen: int = 0  # outbox rows that were looked at
    told: list[OutboxRow] = field(default_factory=list)  # by the last step
    count: int = 0

    def play(self, step: Mapping[str, Any]) -> None:
        if "wait" in step:
            self.gateway.clock.forward(**step["wait"])
            return
        if "officer" in step:
            self._officer(step)
        elif "job" in step:
            for _ in range(2):
                getattr(jobs, step["job"])()
        else:
            self._message(step)
        self._deliver()

    def heard(self) -> list[str]:
        return [masked(row.text) for row in self.told]

    def buttons(self) -> list[str]:
        return [
            OWN_NUMBER.sub("", label)
            for row in self.told
            for _, label in row.extra.get("buttons", ())
        ]

    def case(self, number: int) -> Complaint:
        """The first complaint is 1, the newest -1."""
        rows: list[Complaint] = self.gateway.rows(Complaint)
        return rows[number - 1 if number > 0 else number]

    def history(self, number: int) -> list[Event]:
        key = self.case(number).key
        return [event for event in self.gateway.rows(Event) if event.complaint_id == key]

    def photos(self, number: int) -> int:
        key = self.case(number).key
        return sum(row.complaint_id == key for row in self.gateway.rows(Attachment))

    def _message(self, step: Mapping[str, Any]) -> None:
        channel = step.get("via", self.channel)
        who = sender(step.get("from", "ani"), channel)
        self.count += 1
        ref = f"ref-{self.count}"
        more: dict[str, Any] = {"message_ref": ref, "sender": who, "channel": channel}
        if "press" in step:
            more["choice"] = self._button(step["press"])
        if "photo" in step:
            media = (Media(ref=f"file-{self.count}", content_type="image/jpeg"),)
            more |= {"media": media, "album": step.get("album", "")}
        if "pin" in step:
            more["location"] = Location(lat=step["pin"][0], lon=step["pin"][1])
        if "edit" in step:
            more["edit_of"] = f"ref-{step['of']}"
        if "reply_to" in step:
            more["reply_to"] = self._quoted(step["reply_to"], who)
        if "part" in step:
            more["part"] = tuple(step["part"])
        if "opt_out" in step:
            more["opt_out"] = step["opt_out"]
        words = str(step.get("say", step.get("edit", ""))).replace("@5000", LONG)
        self.gateway.say(self._filled(words), id=f"id-{self.count}", **more)

    def _filled(self, words: str) -> str:
        """`{1}` is the number of the first complaint, `{code}` the newest linking code."""
        if "{" not in words:
            return words
        numbers = {str(n): row.tracking for n, row in enumerate(self.gateway.rows(Complaint), 1)}
        codes = re.findall(
            r"\b(\d{6})\b", " ".join(r.text for r in self._rows() if r.kind == "code")
        )
        values = {f"c{n}": str(number) for n, number in numbers.items()}
        return words.format(code=codes[-1] if codes else "", **values)

    def _button(self, label: str) -> str:
        """The id of the newest button with these words; `label@2` is one of the reply before it."""
        label, _, age = label.partition("@")
        found = [
            key
            for row in self._rows()
            for key, words in row.extra.get("buttons", ())
            if words == label
        ]
        return found[-int(age or 1)]

    def _quoted(self, what: str, who: str) -> str:
        """`ours 1`: our first message to this person; `own 1`: the first message of the script."""
        whose, number = what.split()
        if whose == "own":
            return f"ref-{number}"
        mine = [row for row in self._rows() if row.recipient == who]
        return mine[int(number) - 1].provider_id

    def _officer(self, step: Mapping[str, Any]) -> None:
        """The officer of the agency that has the case answers, or does what `does` says."""
        rt, words = self.gateway.rt, step["officer"]
        tracking = self.case(step.get("of", -1)).tracking
        with rt.transaction() as session:
            work = Casework.of(session, rt.desk(), replace(LOCAL, name="petugas"), tracking)
            agency = work.complaint.agency or ""
            match step.get("does", "answers"):
                case "answers":
                    work.answer(agency, words)
                case "asks":
                    work.defer(words, agency)
                case "starts":
                    work.start(agency, words)
                case "returns":
                    work.give_back(agency, words)
                case "hands on":
                    work.dispose(words)
                case "archives":
                    work.archive(ArchiveReason(words))
                case "restores":
                    work.restore(words)
                case deed:
                    raise ValueError(f"no officer does {deed!r}")

    def _deliver(self) -> None:
        rows = self._rows()
        if any(row.status == OutboxStatus.QUEUED for row in rows):
            self.gateway.clock.forward(seconds=61)  # a notice settles first
            self.gateway.work()
            rows = self._rows()
        self.told, self.seen = rows[self.seen :], len(rows)
        assert all(row.status != OutboxStatus.QUEUED for row in self.told), "a reply went nowhere"

    def _rows(self) -> list[OutboxRow]:
        return self.gateway.rows(OutboxRow)
