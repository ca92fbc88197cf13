"""POST /in/<channel> on both databases: what is genuine is kept once, what is not is set aside."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.test import TestResponse

from gateway import jobs
from store.models import Attachment, Complaint, InboxRow, OutboxRow, QuarantineRow
from tests.harness import NOON, TWILIO_SID, Gateway, at_once, signed, sms, tuned
from tests.provider import Answer, Provider, Request

ROAD = "Jalan rusak parah di Kecamatan Coblong Kota Bandung"
ANA = "+6281200000001"
CHAT = 812000001


def update(number: int, **message: Any) -> dict[str, Any]:
    """What Telegram posts for a message in a private chat."""
    person = {"id": CHAT, "is_bot": False, "first_name": "Sari", "last_name": "Karangan"}
    chat = {"id": CHAT, "type": "private", "first_name": "Sari"}
    fixed = {"message_id": number, "from": person, "chat": chat, "date": int(NOON.timestamp())}
    return {"update_id": 731000000 + number, "message": fixed | message}


def post_telegram(gateway: Gateway, body: object, secret: str | None = None) -> TestResponse:
    secret = "telegram-secret-of-the-tests" if secret is None else secret
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gateway.http.post("/in/telegram", data=data, headers=headers)


def get_kannel(gateway: Gateway, **fields: str) -> TestResponse:
    values = {
        "secret": "kannel-secret-of-the-tests",
        "id": "kannel-1",
        "from": ANA,
        "to": "1708",
        "text": ROAD,
        "time": "1795150800",
    }
    return gateway.http.get("/in/kannel?" + urlencode(values | fields))


def whatsapp(number: int, text: str) -> dict[str, str]:
    return sms(number, text) | {"From": f"whatsapp:{ANA}", "To": "whatsapp:+6281170800001"}


GENUINE: Mapping[str, Callable[[Gateway], TestResponse]] = {
    "sms": lambda gateway: gateway.post_sms(sms(1, ROAD)),
    "whatsapp": lambda gateway: gateway.post_sms(whatsapp(1, ROAD), "/in/whatsapp"),
    "telegram": lambda gateway: post_telegram(gateway, update(1, text=ROAD)),
    "kannel": get_kannel,
}


@pytest.mark.parametrize("channel", GENUINE)
def test_a_message_becomes_a_complaint_and_an_answer_however_often_it_comes(
    connected: Gateway, provider: Provider, channel: str
):
    provider.routes["POST", "/bot12345:telegram-token-of-the-tests/sendMessage"] = _telegram_sends
    first = GENUINE[channel](connected)
    again = GENUINE[channel](connected)
    assert 200 <= first.status_code < 300
    assert (again.status_code, again.data) == (first.status_code, first.data)
    connected.work()
    later = GENUINE[channel](connected)
    assert later.status_code == first.status_code
    connected.work()
    (row,) = connected.rows(InboxRow)
    (complaint,) = connected.rows(Complaint)
    (reply,) = connected.rows(OutboxRow)
    assert (row.channel, row.text, row.status) == (channel, ROAD, "done")
    assert complaint.agency == "DINAS_PUPR@32.73"
    assert reply.status == "sent"
    assert reply.text.startswith(f"Laporan {complaint.tracking} diterima")


def _telegram_sends(_: Request) -> Answer:
    sent = {"message_id": 9, "date": 1, "chat": {"id": CHAT, "type": "private"}, "text": "x"}
    body = json.dumps({"ok": True, "result": sent})
    return Answer(200, body, {"Content-Type": "application/json"})


@pytest.mark.parametrize("threads", [8, 16])
def test_threads_that_deliver_the_same_message_all_hear_the_same(connected: Gateway, threads: int):
    def post(_: int) -> tuple[int, bytes]:
        client = connected.http.application.test_client()
        response = client.post("/in/sms", **signed("/in/sms", sms(1, ROAD)))
        return response.status_code, response.data

    assert set(at_once(threads, post)) == {(200, b"<Response/>")}
    assert len(connected.rows(InboxRow)) == 1


# --- without proof of origin ---------------------------------------------------------------------

REFUSED: Mapping[str, Callable[[Gateway], TestResponse]] = {
    "sms, signed with another token": lambda gateway: gateway.http.post(
        "/in/sms", **signed("/in/sms", sms(1, ROAD), token="guessed")
    ),
    "sms, signed for another channel": lambda gateway: gateway.http.post(
        "/in/sms", **signed("/in/whatsapp", sms(1, ROAD))
    ),
    "sms, changed after signing": lambda gateway: gateway.http.post(
        "/in/sms", **signed("/in/sms", sms(1, "lain")) | {"data": urlencode(sms(1, ROAD))}
    ),
    "sms, not signed": lambda gateway: gateway.http.post("/in/sms", data=sms(1, ROAD)),
    "sms, as a GET": lambda gateway: gateway.http.get("/in/sms?Body=x"),
    "sms, of another account": lambda gateway: gateway.post_sms(
        sms(1, ROAD) | {"AccountSid": "AC" + "9" * 32}
    ),
    "sms, a receipt that is not signed": lambda gateway: gateway.http.post(
        "/in/sms/receipt/1", data={"MessageStatus": "delivered", "MessageSid": "SM1"}
    ),
    "whatsapp, not signed": lambda gateway: gateway.http.post("/in/whatsapp", data=sms(1, ROAD)),
    "telegram, wrong secret": lambda gateway: post_telegram(gateway, update(1, text=ROAD), "no"),
    "telegram, empty secret": lambda gateway: post_telegram(gateway, update(1, text=ROAD), ""),
    "kannel, wrong secret": lambda gateway: get_kannel(gateway, secret="guessed"),
    "kannel, empty secret": lambda gateway: get_kannel(gateway, secret=""),
    "sms, at an address with a NUL": lambda gateway: gateway.http.post(
        "/in/sms/%00%ff", data={"a": "b"}
    ),
}


def test_what_cannot_prove_its_origin_is_set_aside_and_never_processed(connected: Gateway):
    for case, request in REFUSED.items():
        response = request(connected)
        assert response.status_code == 403, case
        assert ROAD not in response.text
        kept = connected.rows(QuarantineRow)[-1]
        assert (kept.channel, kept.status) == (case.partition(",")[0], "kept")
        assert kept.reason
    assert len(connected.rows(QuarantineRow)) == len(REFUSED)
    connected.work()
    assert connected.rows(InboxRow) == connected.rows(OutboxRow) == []


def test_the_quarantine_is_bounded_by_count_size_and_age_and_keeps_the_newest(connected: Gateway):
    small = {"max_rows": 3, "max_bytes": 64, "max_days": 14}
    gateway = Gateway(tuned(connected.rt, quarantine=small), connected.clock)
    for number in range(6):
        gateway.http.post("/in/sms", data={"Body": f"{number}" + "x" * 500})
    kept = gateway.rows(QuarantineRow)
    assert [row.body[:6] for row in kept] == ["Body=3", "Body=4", "Body=5"]
    assert {len(row.body) for row in kept} == {64}
    gateway.clock.forward(days=14, seconds=1)
    gateway.http.post("/in/sms", data={"Body": "new"})
    assert [row.body for row in gateway.rows(QuarantineRow)] == ["Body=new"]


def test_a_refused_request_costs_a_sender_nothing(connected: Gateway):
    """Somebody who guesses an id first does not keep the genuine message out."""
    connected.http.post("/in/sms", data=sms(1, "palsu"))
    assert connected.post_sms(sms(1, ROAD)).status_code == 200
    assert [row.text for row in connected.rows(InboxRow)] == [ROAD]


# --- malformed, unknown, too large ---------------------------------------------------------------


def without(form: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in form.items() if key != name}


MALFORMED: Mapping[str, Callable[[Gateway], TestResponse]] = {
    "sms without an id": lambda g: g.post_sms(without(sms(1, ROAD), "MessageSid")),
    "sms without a sender": lambda g: g.post_sms(without(sms(1, ROAD), "From")),
    "sms with an id that no index takes": lambda g: g.post_sms(sms("9" * 3000, ROAD)),
    "sms from a sender that no index takes": lambda g: g.post_sms(sms(1, ROAD, sender="a" * 3000)),
    "receipt without a status": lambda g: g.post_sms(
        {"AccountSid": TWILIO_SID, "MessageSid": "SM1"}, "/in/sms/receipt/1"
    ),
    "receipt of no row": lambda g: g.post_sms(
        sms(1, "") | {"MessageStatus": "sent"}, "/in/sms/receipt/one"
    ),
    "telegram, no JSON": lambda g: post_telegram(g, b"{"),
    "telegram, a list": lambda g: post_telegram(g, []),
    "telegram, nothing": lambda g: post_telegram(g, b""),
    "telegram, not UTF-8": lambda g: post_telegram(g, b'{"update_id": "\xff"}'),
    "telegram, an id that is text": lambda g: post_telegram(g, {"update_id": "1"}),
    "telegram, a message without a chat": lambda g: post_telegram(
        g, {"update_id": 1, "message": {"message_id": 1, "date": 1, "text": ROAD}}
    ),
    "telegram, the year 300000": lambda g: post_telegram(g, update(1, text=ROAD, date=9**15)),
    "kannel without a sender": lambda g: get_kannel(g, **{"from": ""}),
}


def test_what_is_not_in_the_documented_form_is_400_and_stored_nowhere(connected: Gateway):
    for case, request in MALFORMED.items():
        response = request(connected)
        assert response.status_code == 400, case
        assert ROAD not in response.text
    assert connected.rows(InboxRow) == connected.rows(QuarantineRow) == []


UNKNOWN: Mapping[str, Callable[[Gateway], TestResponse]] = {
    "telegram, a poll": lambda g: post_telegram(g, {"update_id": 1, "poll": {"id": "1"}}),
    "telegram, a kind of next year": lambda g: post_telegram(g, {"update_id": 1, "wish": {}}),
    "telegram, nothing but a number": lambda g: post_telegram(g, {"update_id": 1}),
    "telegram, a message in a group": lambda g: post_telegram(
        g, update(1, text=ROAD, chat={"id": -5, "type": "group", "title": "RT 5"})
    ),
    "sms, a status of next year": lambda g: g.post_sms(
        sms(1, "") | {"MessageStatus": "teleported"}, "/in/sms/receipt/1"
    ),
    "sms, a receipt of a row that never was": lambda g: g.post_sms(
        sms(1, "") | {"MessageStatus": "delivered"}, "/in/sms/receipt/999999999999999999"
    ),
    "kannel, a receipt of a row that never was": lambda g: g.http.get(
        "/in/kannel/receipt/77?secret=kannel-secret-of-the-tests&type=1"
    ),
}


def test_what_is_genuine_but_asks_nothing_of_us_is_taken(connected: Gateway):
    for case, request in UNKNOWN.items():
        assert 200 <= request(connected).status_code < 300, case
    assert connected.rows(InboxRow) == connected.rows(QuarantineRow) == []


@pytest.mark.parametrize(("size", "status"), [(262_144, 403), (262_145, 413), (5_000_000, 413)])
def test_a_body_over_the_limit_is_413_before_anything_else(
    connected: Gateway, size: int, status: int
):
    response = connected.http.post("/in/sms", data=b"x" * size, content_type="text/plain")
    assert response.status_code == status
    assert len(connected.rows(QuarantineRow)) == (status == 403)


def test_an_unknown_channel_is_404(connected: Gateway):
    for path in ("/in/fax", "/in/", "/in/fax/receipt/1", "/in/SMS", "/nothing"):
        assert connected.http.post(path, data=sms(1, ROAD)).status_code == 404, path
    assert connected.rows(QuarantineRow) == []


# --- every text gets an answer -------------------------------------------------------------------

TEXTS = {
    "empty": "",
    "blanks": " \n\t \u00a0\u3000",
    "ten thousand characters": (ROAD + " dan belum juga diperbaiki. ") * 140,
    "ten thousand letters in one word": "a" * 10_000,
    "ten thousand blanks": "jalan" + " " * 9_990 + "rusak",
    "emoji only": "\U0001f621\U0001f6a7\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "emoji in words": f"\U0001f6a7 {ROAD} \U0001f621",
    "right to left": "\u202eإلى من يهمه الأمر\u202c \u200fkeluhan",
    "NUL": f"Jalan\x00rusak {ROAD}\x00",
    "nothing but NUL": "\x00",
    "no width": "\u200bJalan\u200d rusak\ufeff \u2060di Coblong",
    "nothing of any width": "\u200b\u200c\u200d\u2060\ufeff",
    "a pile of accents": "jalan" + "\u0301" * 2_000 + " rusak",
    "mathematical letters": "\U0001d4d9\U0001d4aa\U0001d4ab\U0001d4aa\U0001d4ab rusak",
    "control characters": "jalan\x1b[31m rusak\x07\x08\x7f\x85",
    "markup": "<script>alert(1)</script>'; DROP TABLE inbox; -- {{7*7}} %s %n ${x}",
    "digits": "0" * 500,
    "a number that is none": "STATUS 99999999999999999999999999",
    "superscript digits": "STATUS ²³⁴⁵⁶⁷⁸",
    "arabic digits": "STATUS ١٢٣٤٥٦٧",
    "command without end": "BATAL " * 1_000,
    "reply without words": "BALAS 1234567",
    "lines": "\r\n".join(["jalan", "rusak"] * 200),
}


@pytest.mark.parametrize("channel", ["sms", "telegram"])
def test_every_text_is_kept_and_answered(connected: Gateway, channel: str):
    for number, (name, text) in enumerate(TEXTS.items(), start=1):
        if channel == "sms":
            response = connected.post_sms(sms(number, text, sender=f"+62812000{number:05}"))
        else:
            chat = {"id": number, "type": "private"}
            response = post_telegram(connected, update(number, text=text, chat=chat))
        assert 200 <= response.status_code < 300, name
    jobs.drain_live()
    answers = {row.inbox_id: row.text for row in connected.rows(OutboxRow)}
    for (name, text), row in zip(TEXTS.items(), connected.rows(InboxRow), strict=True):
        assert (row.status, row.error, row.attempts) == ("done", "", 1), name
        assert row.text == text.replace("\x00", "\ufffd"), name
        assert 20 < len(answers[row.id]) <= 640, name


def test_a_lone_half_of_a_character_does_no_harm(connected: Gateway):
    body = json.dumps(update(1, text="jalan \ud83d rusak"))  # as JSON: \ud83d
    assert post_telegram(connected, body.encode()).status_code < 300
    connected.work()
    assert [row.text for row in connected.rows(InboxRow)] == ["jalan ? rusak"]


def test_an_empty_message_is_told_so(connected: Gateway):
    connected.post_sms(sms(1, ""))
    connected.work()
    (reply,) = connected.rows(OutboxRow)
    assert reply.text.startswith("Pesan Anda kosong.")
    assert connected.rows(Complaint) == []


def test_fifty_megabytes_that_are_announced_are_noted_not_fetched(
    connected: Gateway, provider: Provider
):
    video = {"file_id": "BAAC", "file_unique_id": "x", "width": 1, "height": 1, "duration": 60}
    big = video | {"file_size": 52_428_800, "mime_type": "video/mp4", "file_name": "jalan\x00.mp4"}
    post_telegram(connected, update(1, video=big, caption=ROAD))
    pictures = {"NumMedia": "2"}
    for number in range(2):
        pictures |= {f"MediaUrl{number}": f"{provider.url}/media/{number}"}
        pictures |= {f"MediaContentType{number}": "image/jpeg"}
    connected.post_sms(sms(2, ROAD, sender="+6281200000002") | pictures)
    jobs.drain_live()
    found = [(row.size, row.content_type, row.position) for row in connected.rows(Attachment)]
    assert found == [(52_428_800, "video/mp4", 0), (None, "image/jpeg", 0), (None, "image/jpeg", 1)]
    assert all(row.complaint_id for row in connected.rows(Attachment))
    assert len(connected.rows(Complaint)) == 2
    assert [request for request in provider.requests if request.method == "GET"] == []


# --- nothing personal ----------------------------------------------------------------------------


def test_metrics_and_refusals_name_nobody(connected: Gateway):
    connected.post_sms(sms(1, ROAD))
    connected.http.post("/in/sms", data=sms(2, "rahasia"))
    connected.work()
    page = connected.http.get("/metrics").text
    assert 'lapor_accepted_total{channel="sms"}' in page
    for private in ("6281200000001", "rahasia", "Coblong", "SM1"):
        assert private not in page


def test_an_error_nobody_foresaw_says_nothing_of_the_request(
    connected: Gateway, capfd: pytest.CaptureFixture[str]
):
    def breaks(_: object) -> None:
        raise RuntimeError(f"{ANA} wrote {ROAD}")

    connected.rt.adapters["sms"].verify = breaks  # type: ignore[attr-defined]
    response = connected.post_sms(sms(1, ROAD))
    assert response.status_code == 500
    said = response.text + "".join(capfd.readouterr())
    assert "RuntimeError" in said
    for private in ("6281200000001", "Coblong"):
        assert private not in said


def test_errors_of_the_database_quote_no_row(connected: Gateway):
    """What an exception says ends in logs and in RQ's list of failed jobs."""
    odd: Any = {"not": "a text"}
    row = InboxRow(
        channel="sms",
        provider_id="x",
        sender=ANA,
        text=odd,
        received_at=NOON,
        stored_at=NOON,
        due_at=NOON + timedelta(0),
    )
    with pytest.raises(SQLAlchemyError) as caught, connected.rt.transaction() as session:  # noqa: PT012
        session.add(row)
        session.flush()
    assert ANA not in str(caught.value)
