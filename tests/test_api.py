"""REST API v1 at work: lists, files, moves, ETags."""

import json
from typing import Any

import pytest

from gateway.app import create_app
from store.files import Files
from store.models import (
    Attachment,
    AttachmentStatus,
    AuditRow,
    OutboxRow,
)
from tests.api import DESK, ROAD, WASTE, Program, filed, kinds, program
from tests.harness import Gateway, at_once

SUKAJADI = "Jalan rusak parah di Kec. Sukajadi Kota Bandung"


# --- lists ---------------------------------------------------------------------------------------


@pytest.fixture
def three(gateway: Gateway) -> list[int]:
    """Road in Coblong (answered), lamp in Coblong, road in Sukajadi three months later."""
    numbers = [filed(gateway, text, sender=f"+628120000{n:04}").tracking for n, text in pairs()]
    program(gateway, name="answers").post(
        f"/complaints/{numbers[0]}/responses", {"agency": DESK, "text": "Sudah kami tambal."}
    )
    gateway.clock.forward(days=92)
    numbers.append(filed(gateway, SUKAJADI, sender="+6281200000009").tracking)
    return numbers


def pairs() -> list[tuple[int, str]]:
    return [(1, ROAD), (2, WASTE)]


QUERIES: list[tuple[str, list[int]]] = [
    ("", [2, 1, 0]),
    ("?status=answered", [0]),
    ("?status=disposed", [2, 1]),
    ("?status=answered&status=disposed", [2, 1, 0]),
    ("?status=closed", []),
    ("?agency=DINAS_PUPR@32.73", [2, 0]),
    ("?agency=DLH@32.73", [1]),
    ("?agency=NO_SUCH", []),
    ("?area=32.73", [2, 1, 0]),
    ("?area=32.73.02", [1, 0]),
    ("?area=32.7", []),
    ("?category=JALAN_RUSAK", [2, 0]),
    ("?source=sms", [2, 1, 0]),
    ("?source=telegram", []),
    ("?created_since=2026-12-01T00:00:00Z", [2]),
    ("?created_until=2026-11-20T12:00:05%2B07:00", [0]),
    ("?updated_since=2026-11-20T05:00:06Z", [2, 0]),
    ("?updated_until=2026-11-20T05:00:10Z", [1]),
    ("?created_since=0001-01-01T00:00:00%2B14:00", [2, 1, 0]),
    ("?created_since=9999-12-31T23:59:59-12:00", []),
    ("?overdue=true", [1]),
    ("?overdue=false", [2, 1, 0]),
    ("?q=NUMBER", [1]),
    ("?q=1234567", []),
]


def test_complaints_are_found(gateway: Gateway, three: list[int]):
    who = program(gateway)
    for query, expected in QUERIES:
        answer = who.get("/complaints" + query.replace("NUMBER", str(three[1])))
        assert answer.status_code == 200, (query, answer.text)
        found = [row["tracking"] for row in answer.json["items"]]
        assert found == [three[index] for index in expected], query


def test_a_complaint_that_an_agency_returned_is_no_longer_with_it(gateway: Gateway):
    number = filed(gateway).tracking
    boss, desk = program(gateway), program(gateway, DESK)
    done = desk.post(f"/complaints/{number}/return", {"agency": DESK, "reason": "jalan provinsi"})
    assert (done.status_code, done.json["status"]) == (200, "triage")
    assert boss.get(f"/complaints?agency={DESK}").json["items"] == []
    assert desk.get("/complaints").json["items"] == []
    assert desk.get(f"/complaints/{number}").status_code == 404
    [desk_row] = boss.get(f"/complaints/{number}/dispositions").json["items"]
    assert (desk_row["agency"]["code"], desk_row["state"]) == (DESK, "returned")


def test_pages_stand_still_while_complaints_come_in(gateway: Gateway):
    who = program(gateway)
    streets = ("Melati", "Mawar", "Anggrek", "Kenanga", "Dahlia")
    numbers = [
        filed(gateway, f"Jalan {name} rusak di Kota Bandung", sender=f"+62812000010{n:02}").tracking
        for n, name in enumerate(streets)
    ]
    first = who.get("/complaints?limit=2&status=disposed&status=triage")
    assert [row["tracking"] for row in first.json["items"]] == numbers[:2:-1]
    assert first.headers["Link"] == f'<{first.json["next"]}>; rel="next"'
    filed(gateway, "Jalan Flamboyan rusak di Kota Bandung", sender="+6281200001099")
    second = who.get(first.json["next"])
    assert [row["tracking"] for row in second.json["items"]] == [numbers[2], numbers[1]]
    last = who.get(second.json["next"])
    assert [row["tracking"] for row in last.json["items"]] == [numbers[0]]
    assert last.json["next"] is None
    assert "Link" not in last.headers


def test_a_complaint_is_shown_with_what_agencies_need(gateway: Gateway):
    number = filed(gateway).tracking
    shown = program(gateway).get(f"/complaints/{number}").json
    expected = {
        "tracking": number,
        "status": "disposed",
        "kind": "complaint",
        "text": ROAD,
        "category": {"code": "JALAN_RUSAK", "name": "Jalan rusak / berlubang"},
        "agency": {"code": DESK, "name": "Dinas PU Kota Bandung"},
        "place": {"code": "32.73.02", "name": "Kec. Coblong, Kota Bandung"},
        "privacy": "public",
        "source": "sms",
        "created_at": "2026-11-20T05:00:00Z",
        "verify_by": "2026-11-25",
        "archive_reason": None,
        "parent": None,
    }
    assert {name: shown[name] for name in expected} == expected
    [desk] = shown["dispositions"]
    assert (desk["agency"]["code"], desk["state"], desk["actor"]) == (DESK, "waiting", "system")


def test_events_are_told_in_pages_without_what_is_not_for_programs(gateway: Gateway):
    number = filed(gateway).tracking
    gateway.say("sudah ada dua motor yang jatuh")
    who = program(gateway)
    found, path = [], f"/complaints/{number}/events?limit=1"
    while path:
        page = who.get(path).json
        found += page["items"]
        path = page["next"]
    assert [event["kind"] for event in found][:3] == ["received", "disposed", "extended"]
    assert found[1]["detail"]["agency"] == DESK
    assert found[2]["detail"] == {}


def test_catalogues_have_the_codes_that_moves_speak_of(gateway: Gateway):
    who = program(gateway, DESK)
    categories = {row["code"]: row for row in who.get("/catalogue/categories").json["items"]}
    assert categories["JALAN_RUSAK"]["name"] == "Jalan rusak / berlubang"
    assert categories["PUNGLI"]["confidential"] is True
    agencies, path = {}, "/catalogue/agencies"
    while path:
        page = who.get(path).json
        agencies |= {row["code"]: row for row in page["items"]}
        path = page["next"]
    assert agencies["DINAS_PUPR"]["local"] is True
    assert (agencies["PEMKAB_3204"]["area"], agencies["PEMKAB_3204"]["local"]) == ("32.04", False)
    provinces = who.get("/catalogue/areas?level=provinsi").json["items"]
    assert provinces[0] == {"code": "11", "name": "Aceh", "level": "provinsi"}
    below = who.get("/catalogue/areas?parent=32.73&limit=3").json["items"]
    assert [row["code"] for row in below] == ["32.73.01", "32.73.02", "32.73.03"]
    assert who.get("/catalogue/areas?cursor=ffff").json["next"] is None  # after every code


# --- files ---------------------------------------------------------------------------------------


def with_photo(gateway: Gateway) -> tuple[int, int]:
    complaint = filed(gateway)
    digest = Files(gateway.rt.settings.attachments_url).put(b"\xff\xd8 a photo")
    row = Attachment(
        inbox_id=complaint.inbox_id or 0,
        complaint_id=complaint.key,
        position=0,
        ref="https://provider.example/1",
        name='"><script>.html',
        content_type="image/jpeg",
        size=10,
        status=AttachmentStatus.STORED,
        due_at=gateway.clock.now,
        digest=digest,
        lat=-6.9,
        lon=107.6,
    )
    with gateway.rt.transaction() as session:
        session.add(row)
        session.flush()
        return complaint.tracking, row.key


def test_files_are_given_to_be_saved_not_shown(gateway: Gateway):
    number, key = with_photo(gateway)
    who = program(gateway, DESK)
    [row] = who.get(f"/complaints/{number}/attachments").json["items"]
    assert row["content"] == f"/api/v1/complaints/{number}/attachments/{key}/content"
    assert (row["content_type"], row["location"]) == ("image/jpeg", {"lat": -6.9, "lon": 107.6})
    assert "script" not in json.dumps(row)
    answer = who.get(row["content"])
    assert (answer.status_code, answer.data) == (200, b"\xff\xd8 a photo")
    assert answer.content_type == "image/jpeg"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="lampiran-{key}.jpg"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert who.get(row["content"], If_None_Match=answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("fault", ["lost", "damaged", "waiting", "another case", "no such file"])
def test_a_file_that_cannot_be_given_is_not_found(gateway: Gateway, fault: str):
    number, key = with_photo(gateway)
    if fault == "another case":
        number = filed(gateway, WASTE, sender="+6281200000002").tracking
    with gateway.rt.transaction() as session:
        row = session.get_one(Attachment, key)
        place = gateway.rt.settings.data_dir / "attachments" / row.digest[:2] / row.digest[2:]
        if fault == "waiting":
            row.status = AttachmentStatus.WAITING
        if fault == "lost":
            place.unlink()
        if fault == "damaged":
            place.write_bytes(b"something else")
    key += fault == "no such file"
    answer = program(gateway).get(f"/complaints/{number}/attachments/{key}/content")
    assert (answer.status_code, answer.json["type"]) == (404, "/api/problems/not-found")


# --- moves ---------------------------------------------------------------------------------------


def test_a_case_goes_its_whole_way(gateway: Gateway):
    number = filed(gateway).tracking
    who = program(gateway)
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("start", {"agency": DESK, "note": "petugas berangkat"}, "in_progress"),
        ("deferral", {"agency": DESK, "question": "Di dekat apa?"}, "deferred"),
        ("resumption", {}, "in_progress"),
        ("dispositions", {"agency": "DISHUB@32.73", "reason": "lampu juga"}, "in_progress"),
        ("return", {"agency": "DISHUB@32.73", "reason": "bukan lampu"}, "in_progress"),
        ("corrections", {"category": "PJU", "reason": "salah"}, "in_progress"),
        ("responses", {"agency": DESK, "text": "Sudah kami tambal."}, "answered"),
    ]
    for move, body, status in steps:
        answer = who.post(f"/complaints/{number}/{move}", body)
        assert (answer.status_code, answer.json["status"]) == (200, status), (move, answer.text)
        assert answer.headers["Content-Location"] == f"/api/v1/complaints/{number}"
        again = who.get(f"/complaints/{number}")
        assert (again.json, again.headers["ETag"]) == (answer.json, answer.headers["ETag"]), move
    assert [row.action for row in gateway.rows(AuditRow)] == [
        "case.start",
        "case.defer",
        "case.resume",
        "case.dispose",
        "case.return",
        "case.correct",
        "case.answer",
    ]
    gateway.clock.forward(hours=1)
    gateway.work()
    assert any("Sudah kami tambal." in row.text for row in gateway.rows(OutboxRow))


def test_a_case_is_archived_and_restored(gateway: Gateway):
    number = filed(gateway).tracking
    who = program(gateway)
    gone = who.post(f"/complaints/{number}/archive", {"why": "in_court", "text": "Di pengadilan."})
    assert (gone.json["status"], gone.json["archive_reason"]) == ("archived", "in_court")
    back = who.post(f"/complaints/{number}/restoration", {"reason": "salah berkas"})
    assert (back.json["status"], back.json["archive_reason"]) == ("disposed", None)


@pytest.mark.parametrize(
    ("move", "body", "id_", "en"),
    [
        (
            "resumption",
            {},
            "Tidak bisa melanjutkan: laporan ini terdisposisi.",
            "Cannot resume: the complaint is handed to an agency.",
        ),
        (
            "dispositions",
            {"agency": "DINAS_PUPR@32.99"},
            "Instansi DINAS_PUPR@32.99 tidak dikenal.",
            None,
        ),
        (
            "dispositions",
            {"agency": "DISHUB@32.73", "deadline": "2026-11-19"},
            "Jatuh tempo 19 Nov 2026 sudah lewat; paling awal 20 Nov 2026.",
            None,
        ),
        ("corrections", {}, "Tidak ada yang berubah: nilainya sudah sama.", None),
        ("corrections", {"place": "99"}, "Wilayah 99 tidak dikenal.", None),
    ],
)
def test_what_a_case_does_not_allow_changes_nothing(
    gateway: Gateway, move: str, body: dict[str, Any], id_: str, en: str | None
):
    number = filed(gateway).tracking
    who = program(gateway)
    before = who.get(f"/complaints/{number}").json
    answer = who.post(f"/complaints/{number}/{move}", body)
    assert (answer.status_code, answer.json["type"]) == (409, "/api/problems/refused")
    assert answer.json["detail"].startswith(id_)
    assert answer.headers["Content-Language"] == "id"
    english = who.post(f"/complaints/{number}/{move}", body, Accept_Language="en-GB, fr;q=0.5")
    assert english.headers["Content-Language"] == "en"
    assert english.json["detail"] != answer.json["detail"]
    if en:
        assert english.json["detail"] == en
    assert who.get(f"/complaints/{number}").json == before
    assert gateway.rows(AuditRow) == []


# --- ETags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/complaints",
        "/complaints/CASE",
        "/complaints/CASE/events",
        "/complaints/CASE/dispositions",
        "/complaints/CASE/attachments",
        "/inbox",
        "/outbox",
        "/catalogue/categories",
        "/catalogue/agencies",
        "/catalogue/areas",
        "/api/openapi.json",
    ],
)
def test_what_did_not_change_is_not_sent_again(gateway: Gateway, path: str):
    path = path.replace("CASE", str(filed(gateway).tracking))
    who = program(gateway)
    etag = who.get(path).headers["ETag"]
    assert not etag.startswith("W/")
    same = who.get(path, If_None_Match=f'"other", {etag}')
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    assert who.get(path, If_None_Match='"other"').status_code == 200


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ("NOW", 200),
        ('"other", NOW', 200),
        ("*", 200),
        ('"other"', 412),
        ("W/NOW", 412),
        ("nonsense", 412),
        ("UNMASKED", 200),
    ],
)
def test_a_move_is_made_for_the_state_that_was_seen(gateway: Gateway, if_match: str, status: int):
    number = filed(gateway, f"{ROAD}, hubungi 0812 0000 7777").tracking
    who = program(gateway)
    now = who.get(f"/complaints/{number}").headers["ETag"]
    unmasked = who.get(f"/complaints/{number}?unmasked=true").headers["ETag"]
    assert now != unmasked
    header = if_match.replace("NOW", now).replace("UNMASKED", unmasked)
    answer = who.post(f"/complaints/{number}/start", {"agency": DESK}, If_Match=header)
    assert answer.status_code == status
    assert ("started" in kinds(gateway)) is (status == 200)
    if status == 412:
        assert answer.json["type"] == "/api/problems/stale"


def test_the_settings_may_ask_for_if_match(gateway: Gateway):
    number = filed(gateway).tracking
    who = program(gateway, require_if_match=True)
    path = f"/complaints/{number}/start"
    answer = who.post(path, {"agency": DESK})
    assert (answer.status_code, answer.json["type"]) == (428, "/api/problems/precondition-required")
    etag = who.get(f"/complaints/{number}").headers["ETag"]
    assert who.post(path, {"agency": DESK}, If_Match=etag).status_code == 200


def test_of_several_who_saw_the_same_state_one_is_first(gateway: Gateway):
    number = filed(gateway).tracking
    who = program(gateway)
    etag = who.get(f"/complaints/{number}").headers["ETag"]
    agencies = [f"DINAS_PUPR@32.{n:02}" for n in range(1, 7)]

    clients = [create_app(gateway.rt).test_client() for _ in agencies]

    def hand_over(index: int) -> int:
        one = Program(clients[index], who.key, who.number)
        body = {"agency": agencies[index]}
        path = f"/complaints/{number}/dispositions"
        return one.post(path, body, If_Match=etag).status_code

    assert sorted(at_once(6, hand_over)) == [200, *[412] * 5]
    assert kinds(gateway).count("disposed") == 2
