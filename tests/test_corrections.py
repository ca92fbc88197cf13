"""What officers decide becomes examples, a model that is judged, and figures."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sqlmodel import Session, select

from bots.casework import Casework
from bots.reader import Reader
from gateway import learning, night
from gateway.cli import cli
from gateway.learning import Busy, learn_from_store
from gateway.night import learn_nightly
from gateway.runtime import Runtime, build
from gateway.settings import Settings
from parsers.features import Seen
from store.agencies.access import LOCAL
from store.agencies.directory import Directory
from store.agency_models import AgencyRow, FamilyStatus, Similar
from store.catalogue import DEFAULT, default_catalogue
from store.learning import corrections
from store.learning.corrections import Decision, Tally, masked, type_of
from store.learning.examples import Example
from store.learning.model_files import FOLDER, load_deployment, save, version
from store.learning.training import TooFew, learn
from store.models import (
    ArchiveReason,
    AuditRow,
    Complaint,
    ComplaintStatus,
    Conversation,
    Event,
    Privacy,
)
from tests.harness import NOON, Clock, some_examples, sqlite

ROADS = "DINAS_PUPR@32.73"
# Nobody outside this town says klopotan for a small wooden bridge: the word is invented.
STATES = ("ambrol", "miring", "lapuk", "bolong", "goyang", "patah")
SPOTS = ("dekat rumah saya", "di gang kami", "belakang pasar", "depan balai warga", "tiap hujan")
SAID = [f"klopotan {spot} {state}" for state in STATES for spot in SPOTS]
ASKED = (
    "klopotan samping sekolah ambrol",
    "klopotan dekat warung goyang",
    "pak klopotan lapuk",
)
SECRET = "zwingli"  # an invented word that only a secret complaint has
KEPT_OUT = "qorvath"  # one that a single person uses, again and again


@dataclasses.dataclass
class Office:
    """A store into which a test files complaints as the intake would, and an officer for them."""

    rt: Runtime
    clock: Clock
    filed: int = 0

    def file(self, text: str, *, sender: str = "", by_us: str = "", **more: Any) -> int:
        """A complaint of a new person in triage (or, `by_us`, with an agency): its number."""
        self.filed += 1
        number = 1_000_000 + self.filed
        with self.rt.transaction() as session:
            values = {
                "tracking": number,
                "conversation_id": self._talk(session, sender or f"+62812000{self.filed:05}"),
                "text": text,
                "kind": "complaint",
                "deadline": date(2026, 12, 4),
                "created_at": self.clock.now,
                "updated_at": self.clock.now,
            }
            row = Complaint(**values | more)
            session.add(row)
            session.flush()
            self._event(session, row, "received", "citizen")
        if by_us:
            self.work(number, "system").dispose(by_us)
        return number

    def _talk(self, session: Session, sender: str) -> int:
        found = session.exec(select(Conversation).where(Conversation.sender == sender)).first()
        if found is None:
            found = Conversation(channel="console", sender=sender, updated_at=self.clock.now)
            session.add(found)
            session.flush()
        return found.key

    def _event(self, session: Session, row: Complaint, kind: str, actor: str) -> None:
        session.add(Event(complaint_id=row.key, kind=kind, actor=actor, at=self.clock.now))

    def work(self, number: int, name: str = "Ani") -> "Moves":
        return Moves(self, number, name)

    def decide(self, text: str, category: str = "JEMBATAN", **more: Any) -> int:
        """Filed as 1708 understands it now, put right by an officer and sent on."""
        seen = self.rt.reader.understand(text)
        candidates = {
            "categories": [[item.code, item.score] for item in seen.categories],
            "agencies": [[item.code, item.score] for item in seen.agencies],
        }
        number = self.file(text, candidates=candidates, **more)
        self.work(number).correct(category=category).dispose(ROADS)
        return number


@dataclasses.dataclass
class Moves:
    """What one officer does, each in a transaction of its own."""

    office: Office
    number: int
    name: str

    def __getattr__(self, move: str) -> Any:
        def make(*words: Any, **named: Any) -> "Moves":
            rt = self.office.rt
            with rt.transaction() as session:
                access = dataclasses.replace(LOCAL, name=self.name)
                getattr(Casework.of(session, rt.desk(), access, self.number), move)(*words, **named)
            return self

        return make


@pytest.fixture
def office(settings: Settings, clock: Clock, reader: Reader) -> Iterator[Office]:
    rt = dataclasses.replace(build(settings), now=clock)
    vars(rt)["reader"] = reader
    yield Office(rt, clock)
    rt.close()


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every twelfth of the examples that are shipped: enough to see that they are learnt too."""
    return some_examples(tmp_path_factory.mktemp("national") / "examples.csv", every=24)


def decision(number: int = 1, text: str = "", writer: str = "", **more: Any) -> Decision:
    values = {"area": None, "decided": {}, "proposed": {}, "sure": frozenset[str]()}
    return Decision(tracking=number, text=text, writer=writer, **values | more)


def read(rt: Runtime, since: datetime | None = None) -> list[Decision]:
    with rt.reading() as session:
        directory = Directory.load(session, default_catalogue())
        return corrections.decisions(session, directory, since=since)


def silent(_: str) -> None:
    """Progress that nobody reads."""


# What counts as decided


def test_what_a_person_decided_and_what_was_proposed(office: Office):
    wrong = {
        "categories": [["PASAR", 91.0], ["JEMBATAN", 5.0]],
        "agencies": [["DISPERINDAG@32.73", 90.0]],
    }
    one = office.file("klopotan", category="PASAR", candidates=wrong, by_us="DISPERINDAG@32.73")
    office.work(one).give_back("DISPERINDAG@32.73", "bukan wewenang kami")
    office.work(one).correct(category="JEMBATAN", place="32.73.02").dispose(ROADS)
    right = {"categories": [["JALAN_RUSAK", 95.0]], "agencies": [["DINAS_PUPR@32.73", 95.0]]}
    two = office.file("jalan rusak", category="JALAN_RUSAK", candidates=right, by_us=ROADS)
    office.work(two).answer(ROADS, "sudah ditambal")

    first, second = read(office.rt)
    assert (first.tracking, first.text, first.area) == (one, "klopotan", "32.73.02")
    assert first.decided == {
        "category": "JEMBATAN",
        "agency": "DINAS_PUPR",
        "place": "32.73.02",
    }
    assert first.proposed == {"category": "PASAR", "agency": "DISPERINDAG"}
    assert first.sure == {"category", "agency"}, "surely wrong is worth knowing"
    assert second.decided == {"category": "JALAN_RUSAK", "agency": "DINAS_PUPR"}
    assert second.sure == {"category", "agency"}

    tallies = corrections.first_proposals([first, second])
    assert tallies["category"] == Tally(of=2, right=1, sure=2, sure_right=1)
    assert tallies["agency"] == Tally(of=2, right=1, sure=2, sure_right=1)


def test_what_teaches_nothing(office: Office):
    """Nobody has looked, nobody may look, or nobody acted on it."""
    office.file("jalan rusak", category="JALAN_RUSAK", by_us=ROADS)
    secret = office.file("rahasia", privacy=Privacy.CONFIDENTIAL)
    office.work(secret).correct(category="PUNGLI").dispose(ROADS)
    archived = office.file("diarsipkan")
    office.work(archived).correct(category="PASAR").archive(ArchiveReason.UNCLEAR)
    taken_back = office.file("ditarik")
    office.work(taken_back).correct(category="PASAR")
    head = office.decide("kepala keluarga", "BANJIR")
    member = office.decide("anggota keluarga", "BANJIR")
    with office.rt.transaction() as session:
        rows = {row.tracking: row for row in session.exec(select(Complaint))}
        rows[taken_back].status = ComplaintStatus.WITHDRAWN
        rows[member].parent_id = rows[head].id
    assert [one.text for one in read(office.rt)] == ["kepala keluarga"]


def test_only_what_was_decided_since(office: Office):
    office.decide("lama")
    office.clock.forward(days=3)
    limit = office.clock.now - timedelta(days=1)
    office.decide("baru")
    assert [one.text for one in read(office.rt, limit)] == ["baru"]
    with office.rt.reading() as session:
        assert corrections.count_decided(session, since=limit) == 1
        assert corrections.count_decided(session, since=None) == 2


def test_imported_decisions_come_after_those_made_here(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(corrections, "MOST", 2)
    mine = office.decide("klopotan satu")
    office.clock.forward(days=1)
    for text in ("dua", "tiga"):
        office.work(office.file(text), "import").correct(category="JEMBATAN")
    found = [one.tracking for one in read(office.rt)]
    assert (len(found), mine in found) == (2, True)


def test_a_case_that_came_back_has_no_agency_to_learn(office: Office):
    number = office.decide("klopotan")
    office.work(number).give_back(ROADS, "bukan wewenang")
    assert read(office.rt)[0].decided == {"category": "JEMBATAN"}


@sqlite
def test_proposed_pairs_that_people_decided_on(office: Office):
    keys = []
    for number in range(4):
        office.file(f"pesan {number}")
    with office.rt.transaction() as session:
        keys = [row.key for row in session.exec(select(Complaint))]
        pairs = [
            (1, FamilyStatus.LINKED, "Ani", 80.0),
            (2, FamilyStatus.REFUSED, "Ani", 60.0),
            (3, FamilyStatus.LINKED, "system", 99.0),  # a burst, by ourselves
        ]
        for at, status, actor, score in pairs:
            session.add(
                Similar(
                    complaint_id=keys[at],
                    other_id=keys[0],
                    score=score,
                    status=status,
                    actor=actor,
                    at=NOON,
                )
            )
    with office.rt.reading() as session:
        assert corrections.duplicates(session, since=None) == Tally(of=2, right=1)


@sqlite
def test_the_type_of_an_office(office: Office):
    with office.rt.transaction() as session:
        for code, parent in (("BM", "DINAS_PUPR@32.04"), ("BM_UTARA", "BM"), ("LOOP", "LOOP")):
            session.add(AgencyRow(code=code, name=code, parent=parent, updated_at=NOON))
    with office.rt.reading() as session:
        directory = Directory.load(session, default_catalogue())
    table = {
        "KEMENSOS": "KEMENSOS",
        "DINAS_PUPR@32.04": "DINAS_PUPR",
        "BM_UTARA": "DINAS_PUPR",
        "PEMKAB_3204": "",
        "NOBODY": "",
        "LOOP": "",
        "": "",
    }
    assert {code: type_of(code, directory) for code in table} == table


# What of a text is learnt


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Jalan rusak, hub. 081200000123", "jalan rusak"),
        ("Nama saya Wagiman Tuloyo, jalan rusak", "nama saya jalan rusak"),
        ("jalan rusak ujang.bohongan@mail.example", "jalan rusak"),
        ("Wagiman bilang jalan rusak 3204110101900001", "jalan rusak"),
    ],
)
def test_private_data_and_rare_words_do_not_come_along(text: str, kept: str):
    usual = {"jalan", "rusak", "nama", "saya"}
    assert masked(text, usual.__contains__, usual.__contains__) == kept


def test_a_word_of_three_people_is_learnt_and_one_of_one_person_is_not():
    said = [*[("a", f"klopotan {KEPT_OUT} rusak")] * 5, ("b", "klopotan patah")]
    said += [("c", "klopotan"), ("d", KEPT_OUT)]
    labels = {"category": "JEMBATAN", "place": "32.73"}
    decided = [decision(text=t, writer=w, area="32.73", decided=labels) for w, t in said]
    found = corrections.examples(decided, lambda word: word == "rusak", {"patah"})
    assert {(example.text, area) for example, area in found} == {
        ("klopotan rusak", "32.73"),
        ("klopotan patah", "32.73"),
        ("klopotan", "32.73"),
    }
    assert {example.category for example, _ in found} == {"JEMBATAN"}


# Learning, judging, replacing


def names_in(folder: Path) -> str:
    """Everything readable in the files of a model."""
    found = [path.read_bytes().decode("latin-1") for path in folder.iterdir()]
    for path in folder.glob("*.npz"):
        with np.load(path) as file:
            found.append(bytes(file["names"]).decode())
    return "\n".join(found)


def understood(settings: Settings) -> list[str]:
    """The categories of what is asked, by a process that starts now."""
    fresh = build(settings)
    try:
        return [seen.code if (seen := fresh.reader.understand(t).category) else "" for t in ASKED]
    finally:
        fresh.close()


@sqlite
def test_what_officers_corrected_is_understood_from_then_on(
    office: Office, settings: Settings, national: Path
):
    for text in SAID:
        office.decide(text)
    for number in range(4):  # the same person again and again
        office.decide(f"klopotan {KEPT_OUT} ambrol lagi {number}", sender="+6281200099999")
    for number in range(4):
        office.decide(f"klopotan {SECRET} ambrol {number}", privacy=Privacy.CONFIDENTIAL)
    assert "JEMBATAN" not in understood(settings)
    folder, before = settings.data_dir / FOLDER, version(settings.data_dir)

    outcome = learn_from_store(office.rt, silent, dry_run=True, national=national)
    assert version(settings.data_dir) == before == "", "a dry run changes nothing"
    assert not audits(office.rt)

    outcome = learn_from_store(office.rt, silent, national=national)
    assert outcome.kept == ""
    assert outcome.decided == 34
    held_out = outcome.after["category"].of
    assert 0 < held_out < 17
    assert outcome.taught == 34 - held_out
    assert outcome.first["category"].right < 5, "of 34"
    assert outcome.before["category"].right < held_out / 2
    assert outcome.after["category"].right == held_out
    assert understood(settings) == ["JEMBATAN"] * 3
    readable = names_in(folder)
    assert "klopotan" in readable
    for word in (SECRET, KEPT_OUT):
        assert word not in readable
        assert word[:5] not in readable, "not in parts either"
    model = version(settings.data_dir)
    files = {path.name: path.read_bytes() for path in folder.glob("*.npz")}

    (row,) = audits(office.rt)
    assert (row.actor, row.detail["decided"], row.detail["kept"]) == ("system", 34, "")
    assert "klopotan" not in json.dumps(row.detail)

    learn_from_store(office.rt, silent, national=national)
    assert {path.name: path.read_bytes() for path in folder.glob("*.npz")} == files
    assert version(settings.data_dir) != model, "workers look again"


def audits(rt: Runtime) -> Sequence[AuditRow]:
    with rt.reading() as session:
        return session.exec(select(AuditRow).where(AuditRow.action == "learn")).all()


@sqlite
def test_a_worse_model_is_not_used(office: Office, settings: Settings, national: Path):
    """Four fifths are labelled as nonsense; the fifth that judges is right."""
    troubles = [f"jembatan {state} {spot}" for state in STATES for spot in SPOTS]
    for text in troubles:
        held_out = decision(1_000_001 + office.filed).held_out
        office.decide(text, "JEMBATAN" if held_out else "PASAR")
    outcome = learn_from_store(office.rt, silent, national=national)
    assert outcome.kept.startswith("right ")
    assert outcome.before["category"].right > outcome.after["category"].right
    assert version(settings.data_dir) == ""
    (row,) = audits(office.rt)
    assert row.reason == outcome.kept


@sqlite
def test_two_at_once_and_nothing_to_learn(office: Office, national: Path):
    with pytest.raises(TooFew):
        learn_from_store(office.rt, silent, national=national)
    with learning.alone(office.rt.settings.data_dir / FOLDER), pytest.raises(Busy):
        learn_from_store(office.rt, silent, national=national)


# A model in the folder of the data


def tiny(word: str) -> Any:
    """Something learnt at once: texts are their own words."""

    def look(text: str) -> tuple[Seen, dict[str, dict[str, float]]]:
        words = text.split()
        none: dict[str, float] = {}
        seen = Seen(
            spelt=words,
            words=words,
            telling=words,
            roots=words,
            national=none,
            own=none,
            advice=none,
        )
        return seen, {}

    texts = {"JEMBATAN": word, "PASAR": "pasar kios"}
    listed = [
        Example(text=f"{text} {tail}", category=code)
        for code, text in texts.items()
        for tail in ("satu", "dua", "tiga", "empat")
    ]
    return learn(listed, look, silent)


@sqlite
def test_a_running_worker_lets_go_of_its_reader(settings: Settings):
    rt = build(settings)
    first = rt.reader
    rt.renew_reader()
    assert rt.reader is first, "nothing new"
    save(settings.data_dir, default_catalogue(), tiny("klopotan"), when=NOON)
    rt.renew_reader()
    assert rt.reader is not first
    assert rt.reader.understand("klopotan satu").categories[0].code == "JEMBATAN"
    rt.close()


@pytest.mark.parametrize("damage", ["meta.json", "*.npz"])
def test_a_damaged_file_leaves_the_shipped_model(tmp_path: Path, damage: str):
    save(tmp_path, default_catalogue(), tiny("klopotan"), when=NOON)
    (path,) = (tmp_path / FOLDER).glob(damage)
    path.write_bytes(path.read_bytes()[:-20])
    found, shipped = load_deployment(learnt=tmp_path), load_deployment()
    assert found.model is not None
    assert shipped.model is not None
    assert found.model.vocabulary.names == shipped.model.vocabulary.names
    assert "damaged" in found.refused
    assert load_deployment(learnt=tmp_path / "nowhere").refused == ""


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from store.learning import model_files
from store.catalogue import default_catalogue
from tests.test_corrections import tiny

def die(part, path):
    if path.name == "meta.json":
        os._exit(9)
    os.rename(part, path)

model_files.replace = die
model_files.save(Path(sys.argv[1]), default_catalogue(), tiny("brebel"), when=datetime.now(UTC))
"""


def test_killed_before_the_last_step_the_old_model_stays(tmp_path: Path):
    save(tmp_path, default_catalogue(), tiny("klopotan"), when=NOON)
    before = version(tmp_path)
    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert died.returncode == 9
    assert len(list((tmp_path / FOLDER).glob("*.npz"))) == 2, "it died between the two"
    found = load_deployment(learnt=tmp_path)
    assert version(tmp_path) == before
    assert found.refused == ""
    assert found.model is not None
    assert "w klopotan" in found.model.vocabulary.names


# By night

TWO = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)  # 02:30 WIB, on the 21st


@sqlite
@pytest.mark.parametrize(
    ("now", "changes", "due"),
    [
        (TWO, {}, True),
        (TWO, {"nightly": False}, False),
        (TWO, {"fewest": 3}, False),
        (TWO - timedelta(hours=1), {}, False),
        (TWO + timedelta(hours=3), {}, True),
        (TWO + timedelta(hours=4), {}, False),
        (TWO - timedelta(hours=3), {"at_hour": 23}, True),  # 23:30
        (TWO, {"at_hour": 23}, True),  # the night of the day before
    ],
)
def test_when_it_is_due(office: Office, now: datetime, changes: dict[str, Any], due: bool):
    office.decide("satu")
    office.decide("dua")
    rules = office.rt.settings.learning.model_copy(update={"fewest": 2} | changes)
    settings = office.rt.settings.model_copy(update={"learning": rules})
    office.clock.now = now
    assert night.due(dataclasses.replace(office.rt, settings=settings)) is due


@sqlite
def test_once_a_night_and_then_only_with_new_decisions(office: Office, national: Path):
    rules = office.rt.settings.learning.model_copy(update={"fewest": 2})
    settings = office.rt.settings.model_copy(update={"learning": rules})
    rt = dataclasses.replace(office.rt, settings=settings)
    for number in range(10):
        office.decide(f"klopotan {number}")
    office.clock.now = TWO
    learn_from_store(rt, silent, national=national)
    assert not night.due(rt), "tonight it was done"
    office.clock.forward(days=1)
    assert not night.due(rt), "nothing new"
    office.decide("klopotan lagi")
    office.decide("klopotan terus")
    assert night.due(rt)


@sqlite
def test_a_night_that_fails_is_tried_once(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.night.sys.executable", "/bin/false")
    rules = office.rt.settings.learning.model_copy(update={"fewest": 1})
    settings = office.rt.settings.model_copy(update={"learning": rules})
    rt = dataclasses.replace(office.rt, settings=settings)
    office.decide("klopotan")
    office.clock.now = TWO
    child = learn_nightly(rt)
    assert child is not None
    assert child.wait(60) == 1
    office.clock.forward(minutes=15)
    assert learn_nightly(rt) is None, "tonight it was tried"
    office.clock.forward(days=1)
    assert night.due(rt)


@sqlite
def test_the_night_runs_in_a_process_of_its_own(
    office: Office, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    """It finds its settings as the worker does, and says what came of it."""
    number = office.file("pesan")
    office.work(number).correct(place="32.73")  # a decision that no model learns
    rules = office.rt.settings.learning.model_copy(update={"fewest": 1})
    settings = office.rt.settings.model_copy(update={"learning": rules})
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    office.clock.now = TWO
    child = learn_nightly(dataclasses.replace(office.rt, settings=settings))
    assert child is not None
    assert child.wait(60) == 0
    assert learn_nightly(office.rt) is None, "200 are wanted"


# At the console


@sqlite
def test_lapor_learn_from_the_store(office: Office, environ: dict[str, str]):
    def lapor(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["learn", *words], env=environ)
        return result.exit_code, result.output

    code, said = lapor("--from-store")
    assert (code, "no complaint has been decided about" in said) == (1, True)
    assert lapor("--from-store", "--catalogue", str(DEFAULT))[0] == 2
    assert lapor("--dry-run")[0] == 2
    assert lapor()[0] == 2
