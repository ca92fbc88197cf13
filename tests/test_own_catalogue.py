"""A service that routes by a catalogue of its own: the whole way, and what it no longer knows."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from bots.casework import Casework
from bots.reader import Reader
from gateway import jobs, night
from gateway.cli import cli
from gateway.learning import learn_from_store
from gateway.reading import build_reader
from gateway.settings import ROOT, ConfigError, Settings, load
from parsers.catalogue import Agency, Catalogue, Category
from store.agencies.access import LOCAL
from store.catalogue import DEFAULT, default_catalogue
from store.learning.examples import Example, kept_for, read_examples
from store.learning.model_files import FOLDER, load_deployment, version
from store.models import Complaint, Privacy
from tests import city
from tests.api import program
from tests.city import BALARAJA
from tests.conftest import open_gateway
from tests.harness import Clock, Gateway, Lapor, some_examples, sqlite
from tests.live import write_config
from tests.test_corrections import SECRET, names_in

DRY = "air ledeng mati di griya klopotan"
ROAD = "Jalan rusak parah di Kec. Coblong Kota Bandung"
OLD_TOPIC, OLD_DESK = "JALAN_RUSAK", "DINAS_PUPR@32.73"


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue of the town, and what `lapor learn` made of 64 examples."""
    folder = city.bring(tmp_path_factory.mktemp("town") / "kota")
    path = city.examples(folder.parent / "examples.csv")
    asked = ("learn", "--catalogue", str(folder), "--examples", str(path), "--json")
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def own(environ: dict[str, str], taught: Path, tmp_path: Path) -> Settings:
    """Settings that name the catalogue, below data_dir."""
    shutil.copytree(taught, Path(environ["DATA_DIR"]) / "kota")
    path = write_config(
        tmp_path / "own.yaml", matching={"catalogue": "kota"}, intake={"confidential": ["SAMPAH"]}
    )
    environ["LAPOR_CONFIG"] = str(path)
    return load(path, environ)


@pytest.fixture
def town(own: Settings, clock: Clock) -> Iterator[Gateway]:
    """1708 with the catalogue of the town, read by itself."""
    yield from open_gateway(own, clock, None)


def only(gateway: Gateway) -> Complaint:
    (row,) = gateway.rows(Complaint)
    return row


# The whole way


def test_a_complaint_of_the_town_from_the_message_to_the_report(town: Gateway, lapor: Lapor):
    told = "\n".join(town.say(f"KLP {DRY}"))
    row = only(town)
    assert (row.category, row.agency, row.place) == ("AIR", "PAM", BALARAJA)
    assert row.duty == "complaint", "without a column default_class"
    assert "Air kran mati" in told
    assert "Perumda Tirta Klopotan" in told

    who = program(town, name="all")
    seen = who.get(f"/complaints/{row.tracking}").json
    assert seen["category"] == {"code": "AIR", "name": "Air kran mati"}
    topics = who.get("/catalogue/categories").json["items"]
    assert [(each["code"], each["confidential"]) for each in topics] == [
        ("AIR", False),
        ("LAMPU", False),
        ("SAMPAH", True),
        ("POHON", False),
    ]
    agencies = who.get("/catalogue/agencies").json["items"]
    assert {each["code"]: each["name"] for each in agencies} == city.AGENCIES
    refused = who.post("/complaints", {"text": DRY, "category": OLD_TOPIC})
    assert refused.json["detail"] == "Kategori JALAN_RUSAK tidak dikenal."

    services = json.loads(town.http.get("/open311/v2/services.json").text)
    assert {each["service_code"]: each["service_name"] for each in services} == city.TOPICS
    assert {each["group"] for each in services} == set(city.TOPICS.values()), "no parents"
    changed = json.loads(town.http.get("/open311/v2/discovery.json").text)["changeset"]
    written = (town.rt.settings.catalogue_dir / "categories.csv").stat().st_mtime
    assert datetime.fromisoformat(changed).timestamp() == int(written)
    (request,) = json.loads(town.http.get("/open311/v2/requests.json").text)
    assert (request["service_name"], request["agency_responsible"]) == (
        "Air kran mati",
        "Perumda Tirta Klopotan",
    )

    jobs.refresh_reports()
    for by, name in (("topic", "Air kran mati"), ("agency", "Perumda Tirta Klopotan")):
        groups = reported(lapor, "summary", "--by", by)["groups"]
        assert [(each["name"], each["received"]) for each in groups] == [(name, 1)]


def reported(lapor: Lapor, *words: str) -> dict[str, list[dict[str, object]]]:
    done = lapor("report", *words, "--from", "2026-11-01", "--to", "2026-11-20", "--format", "json")
    assert done.exit_code == 0, done.output
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found


@sqlite
@pytest.mark.parametrize(
    ("words", "category", "agency", "place"),
    [
        ("KLP pju mati depan warung", "LAMPU", "TERANG", "36.03.01"),
        ("bak sampah penuh di perumahan Griya Klopotan", "SAMPAH", "BERSIH", BALARAJA),
        ("TANGKAB pipa air bocor sudah tiga hari", "AIR", "PAM", "36.03"),
    ],
)
def test_what_a_message_of_the_town_becomes(
    town: Gateway, words: str, category: str, agency: str, place: str
):
    town.say(words)
    row = only(town)
    assert (row.category, row.agency, row.place) == (category, agency, place)


@sqlite
def test_an_import_speaks_the_words_of_the_town(town: Gateway, lapor: Lapor, tmp_path: Path):
    head = "tracking,created_at,text,category,agency"
    rows = ["7000001,2026-11-02,kran,Air kran mati,Perumda Tirta Klopotan"]
    (tmp_path / "in.csv").write_text("\n".join([head, *rows]))
    done = lapor("import", str(tmp_path / "in.csv"))
    assert done.exit_code == 0, done.output
    assert (only(town).category, only(town).agency) == ("AIR", "PAM")


@sqlite
def test_a_topic_of_the_town_is_confidential(town: Gateway):
    town.say("sampah menumpuk di griya klopotan")
    assert only(town).privacy == Privacy.CONFIDENTIAL


@sqlite
@pytest.mark.usefixtures("town")
def test_understand_asks_the_catalogue_of_the_service(lapor: Lapor):
    done = lapor("understand", say=json.dumps({"id": 1, "text": DRY}))
    found = json.loads(done.stdout)
    assert (found["category"]["code"], found["agency"]["code"]) == ("AIR", "PAM")
    assert (found["place"]["code"], found["place"]["text"]) == (BALARAJA, "griya klopotan")


@sqlite
def test_understand_knows_the_places_of_a_directory(lapor: Lapor, taught: Path):
    line = json.dumps({"id": 1, "text": DRY})
    done = lapor("understand", "--catalogue", str(taught), say=line)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["place"]["code"] == BALARAJA


@sqlite
def test_the_national_catalogue_with_names_of_places(reader: Reader, own: Settings):
    """A copy of the shipped files: the shipped model goes on, and reads nothing else."""
    folder = own.catalogue_dir
    shutil.rmtree(folder)
    shutil.copytree(DEFAULT, folder, ignore=shutil.ignore_patterns("examples.csv"))
    (folder / "areas.csv").write_text(city.AREAS)
    deployment = load_deployment(folder)
    assert (deployment.model is not None, deployment.refused) == (True, "")
    copy = build_reader(own, deployment)
    for text in (ROAD, "lampu pju mati sdh 3 minggu", "bansos pkh saya belum cair"):
        assert copy.understand(text) == reader.understand(text)
    places = [each.understand(DRY).settled for each in (copy, reader)]
    assert [place.code if place else None for place in places] == [BALARAJA, None]


# Learning in the night


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sixtieth of the examples that are shipped."""
    return some_examples(tmp_path_factory.mktemp("national") / "examples.csv", every=100)


@pytest.mark.parametrize("first", ["a model of `lapor learn`", "names only"])
def test_the_town_learns_from_its_officers(town: Gateway, national: Path, first: str):
    """Nobody else says kecubung for a tree; the word is invented."""
    rt = town.rt
    with city.examples(rt.settings.catalogue_dir / "examples.csv").open("a") as file:
        file.write(f"\nkran tidak mengalir {SECRET},AIR,PAM\nair mati {SECRET},AIR,PAM\n")
    if first == "names only":
        shutil.rmtree(rt.settings.catalogue_dir / FOLDER)
    for number in range(24):
        words = f"{('kecubung roboh', 'kecubung condong')[number % 2]} {city.SPOTS[number % 4]}"
        town.say(f"{words} di griya klopotan", sender=f"+62812000{number:05}")
        with rt.transaction() as session:
            row = session.get(Complaint, town.rows(Complaint)[-1].key)
            assert row is not None
            row.tracking = 1_000_001 + number  # of 24 drawn ones perhaps none would judge
            session.flush()
            work = Casework.of(session, rt.desk(), replace(LOCAL, name="Ani"), row.tracking)
            if work.complaint.category != "POHON":
                work.correct(category="POHON")
            work.dispose("TAMAN")
    outcome = learn_from_store(rt, lambda _: None, national=national)
    assert outcome.kept == "", outcome
    assert (outcome.taught, outcome.after["category"].of) == (17, 7)
    assert outcome.after["category"].right == 7 > outcome.before["category"].right

    rt.renew_reader()
    seen = rt.reader.understand("kecubung roboh depan warung, griya klopotan")
    assert seen.category is not None
    assert seen.category.code == "POHON"
    seen = rt.reader.understand(DRY)
    assert seen.agency is not None
    assert (seen.agency.code, seen.agency.sure) == ("PAM", True), "what it knew is not forgotten"
    meta = json.loads((rt.settings.data_dir / FOLDER / "meta.json").read_text())
    classes = {field["name"]: set(field["classes"]) for field in meta["fields"]}
    assert classes["category"] == set(city.TOPICS), "and no topic of the nation"
    assert classes["agency"] == set(city.AGENCIES)
    assert "complaint" in classes["kind"], "kinds are the same everywhere"
    assert SECRET not in names_in(rt.settings.data_dir / FOLDER), "a word of two texts only"
    assert not night.due(rt), "the same catalogue as a moment ago"


@sqlite
def test_who_runs_meanwhile_hears_what_was_learnt_beside_the_catalogue(town: Gateway):
    before = town.rt.reader
    town.rt.renew_reader()
    assert town.rt.reader is before
    folder = town.rt.settings.catalogue_dir
    path = folder / FOLDER / "meta.json"
    path.with_suffix(".new").write_text(path.read_text())
    path.with_suffix(".new").replace(path)
    town.rt.renew_reader()
    assert town.rt.reader is not before
    assert version(folder)


# What the catalogue does not have any more


@pytest.fixture
def moved(gateway: Gateway, own: Settings, clock: Clock) -> Iterator[Gateway]:
    """A complaint filed under the shipped catalogue; then the town's own was set."""
    gateway.say(ROAD)
    gateway.work()
    row = only(gateway)
    assert (row.category, row.agency) == (OLD_TOPIC, OLD_DESK)
    yield from open_gateway(own, clock, None)


def test_old_codes_are_shown_as_they_are(moved: Gateway, lapor: Lapor, tmp_path: Path):
    number = only(moved).tracking
    (status,) = moved.say(f"STATUS {number}")
    assert OLD_TOPIC in status
    assert OLD_DESK in status
    shown = lapor("case", "show", str(number))
    assert (shown.exit_code, OLD_DESK in shown.stdout) == (0, True)
    listed = lapor("agency", "list")
    assert (listed.exit_code, OLD_DESK in listed.stdout) == (0, True)

    who = program(moved, name="all")
    (seen,) = who.get(f"/complaints?category={OLD_TOPIC}").json["items"]
    assert seen["category"] == {"code": OLD_TOPIC, "name": OLD_TOPIC}
    assert seen["agency"] == {"code": OLD_DESK, "name": OLD_DESK}
    (request,) = json.loads(
        moved.http.get(f"/open311/v2/requests.json?service_code={OLD_TOPIC}").text
    )
    assert (request["service_name"], request["agency_responsible"]) == (OLD_TOPIC, OLD_DESK)

    jobs.refresh_reports()
    for by, code in (("topic", OLD_TOPIC), ("agency", OLD_DESK)):
        groups = reported(lapor, "summary", "--by", by)["groups"]
        assert [(each["code"], each["name"]) for each in groups] == [(code, code)]
    for words in (("topics",), ("agencies",), ("overdue",), ("summary", "--topic", OLD_TOPIC)):
        assert reported(lapor, *words), words

    file = tmp_path / "out.csv"
    assert lapor("export", str(file), "--reason", "tes").exit_code == 0
    (row,) = csv.DictReader(StringIO(file.read_text("utf-8-sig")))
    assert (row["category"], row["agency"]) == (OLD_TOPIC, OLD_DESK)


def test_an_old_case_goes_on(moved: Gateway, lapor: Lapor):
    """Its desk answers it, or it is given to one of the new catalogue; every job runs."""
    number = only(moved).tracking
    for job in ("publish", "relate_complaints", "ring_alarms", "close_unanswered", "digest"):
        getattr(jobs, job)()
    moved.clock.forward(days=120)
    jobs.ring_alarms()
    done = lapor("case", "dispose", str(number), OLD_DESK)
    assert (done.exit_code, OLD_DESK in done.output) == (1, True), "nobody may get it any more"
    for words in (
        ("return", str(number), "Bukan wewenang kami.", "--as", OLD_DESK),
        ("dispose", str(number), "TERANG"),
        ("correct", str(number), "--category", "LAMPU"),
        ("answer", str(number), "Sudah.", "--as", "TERANG"),
    ):
        done = lapor("case", *words)
        assert done.exit_code == 0, done.output
    assert (only(moved).category, only(moved).status) == ("LAMPU", "answered")


# A catalogue that cannot be used


def _missing(folder: Path) -> str:
    shutil.rmtree(folder)
    return "is no directory: put categories.csv and agencies.csv there"


def _wrong_row(folder: Path) -> str:
    (folder / "categories.csv").write_text("code,name,handles\nAIR,Air,NOBODY\n")
    return "categories.csv line 2: handles: NOBODY is not an agency."


def _wrong_area(folder: Path) -> str:
    (folder / "areas.csv").write_text("code,alias\n36.03,Griya\n99.99,Wetan\n")
    return "areas.csv line 3, code: '99.99' is no code of Kemendagri."


def _empty(folder: Path) -> str:
    (folder / "categories.csv").write_text("code,name\n")
    return "categories.csv: has no rows."


def _circle(folder: Path) -> str:
    (folder / "agencies.csv").write_text("code,name,parent\nA,Satu,B\nB,Dua,A\n")
    return "agencies.csv line 2: parent: A would be above itself."


@sqlite
@pytest.mark.parametrize("harm", [_missing, _wrong_row, _wrong_area, _empty, _circle])
def test_nothing_starts_with_it(
    own: Settings, environ: dict[str, str], lapor: Lapor, harm: Callable[[Path], str]
):
    said = harm(own.catalogue_dir)
    with pytest.raises(ConfigError) as error:
        load(Path(environ["LAPOR_CONFIG"]), environ)
    assert f"matching.catalogue: {own.catalogue_dir}" in str(error.value)
    assert said in str(error.value)
    doctor = lapor("doctor", "--offline")
    assert (doctor.exit_code, said in doctor.stdout) == (1, True)
    assert lapor("inbox", "list").exit_code == 2


@sqlite
def test_who_runs_keeps_the_catalogue_that_was_read_at_the_start(own: Settings):
    _wrong_row(own.catalogue_dir)
    assert [topic.name for topic in own.catalogue.topics] == [*city.TOPICS.values()]


@sqlite
def test_no_process_starts_with_it(own: Settings, environ: dict[str, str]):
    said = _wrong_area(own.catalogue_dir)
    for words in (["gateway.worker", "intake"], ["gateway.learning"]):
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert said in done.stdout + done.stderr, words


@sqlite
@pytest.mark.parametrize(
    ("codes", "mark"), [(["POHON"], "OK"), (["PUNGLI", "POHON"], "WARNING"), ([], "OK")]
)
def test_the_doctor_names_confidential_topics_that_there_are_not(
    own: Settings, environ: dict[str, str], lapor: Lapor, codes: list[str], mark: str
):
    write_config(
        Path(environ["LAPOR_CONFIG"]),
        matching={"catalogue": str(own.catalogue_dir)},
        intake={"confidential": codes},
    )
    lines = lapor("doctor", "--offline", "--json").stdout.splitlines()
    (finding,) = [each for each in map(json.loads, lines) if each["check"] == "catalogue"]
    assert finding["mark"] == mark
    assert ("PUNGLI" in finding["says"]) == (mark == "WARNING")


def test_examples_of_the_nation_keep_the_labels_that_a_catalogue_has(national: Path):
    shipped = read_examples(national, default_catalogue()).rows
    assert kept_for(shipped, default_catalogue()) == shipped
    mixed = Catalogue([Category(code="SAMPAH", name="Sampah")], [Agency(code="PAM", name="PAM")])
    example = Example(text="bau", kind="complaint", category="SAMPAH", agency="DLH")
    asked = [
        example,
        replace(example, category="BANJIR"),
        replace(example, kind=""),
        replace(example, kind="", category=""),
    ]
    assert kept_for(asked, mixed) == [
        replace(example, agency=""),
        replace(example, category="", agency=""),
        replace(example, kind="", agency=""),
    ]
