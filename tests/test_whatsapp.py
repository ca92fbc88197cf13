"""WhatsApp as its users know it: buttons, lists, the 24 hours, formatting, read marks."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from click.testing import CliRunner, Result

from gateway import channel_settings
from gateway.channels.base import AcksEach, SendError, WebhookRequest
from gateway.channels.whatsapp import TwilioWhatsapp, formatted, unformatted
from gateway.channels.whatsapp_templates import definitions
from gateway.cli import cli
from gateway.settings import ConfigError, load
from parsers.messages import Button, Failure, Outgoing
from tests.content_api import CONTENT, TYPING
from tests.harness import TWILIO_SID, TWILIO_TOKEN, eventually
from tests.live import write_config
from tests.provider import Answer, Hang, Provider, Request, refusal

MESSAGES = f"/2010-04-01/Accounts/{TWILIO_SID}/Messages.json"
PLACES = (
    Button("which_place-9165816:32.73", "Kota Bandung"),
    Button("which_place-9165816:32.04", "Kab. Bandung"),
)
ASKED = Outgoing(id=41, recipient="+6281200000101", text="Di Bandung yang mana?", buttons=PLACES)
NOTICE = Outgoing(
    id=42,
    recipient="+6281200000101",
    text="Laporan 9165816 selesai.",
    open=False,
    notice="answered",
    variables=("9165816", "Dinas PUPR\n  Kota Bandung"),
)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(accounts={TWILIO_SID: TWILIO_TOKEN}) as provider:
        yield provider


def channel(
    provider: Provider, templates: dict[str, str] | None = None, *, mark_read: bool = False
) -> TwilioWhatsapp:
    config = channel_settings.Whatsapp(
        number="+6281200001708",
        messaging_service_sid="",
        api_url=provider.url,
        templates=templates or {},
        mark_read=mark_read,
    )
    return TwilioWhatsapp(
        config,
        account_sid=TWILIO_SID,
        auth_token=TWILIO_TOKEN,
        public_url="https://lapor.example.go.id",
        timeout=5,
    )


def all_templates(provider: Provider) -> dict[str, str]:
    return {name: provider.content.add(types=types) for name, types in definitions().items()}


def shown(provider: Provider, request: Request) -> dict[str, object]:
    """The template as WhatsApp would show it, with the variables of the message in it."""
    template = json.dumps(provider.content.templates[request.form["ContentSid"]]["types"])
    for name, value in json.loads(request.form["ContentVariables"]).items():
        template = template.replace(f"{{{{{name}}}}}", json.dumps(value)[1:-1])
    assert "{{" not in template
    types: dict[str, object] = json.loads(template)
    return types


def buttons(count: int, label: str = "Pilihan {}") -> tuple[Button, ...]:
    return tuple(Button(f"id:{n}", label.format(n)) for n in range(1, count + 1))


# --- buttons and lists ---------------------------------------------------------------------------


def test_two_choices_are_buttons(provider: Provider):
    assert channel(provider, all_templates(provider)).send(ASKED).startswith("SM")
    (request,) = provider.requests
    assert shown(provider, request) == {
        "twilio/quick-reply": {
            "body": "Di Bandung yang mana?",
            "actions": [
                {
                    "type": "QUICK_REPLY",
                    "title": "Kota Bandung",
                    "id": "which_place-9165816:32.73",
                },
                {
                    "type": "QUICK_REPLY",
                    "title": "Kab. Bandung",
                    "id": "which_place-9165816:32.04",
                },
            ],
        }
    }
    assert "Body" not in request.form  # Twilio takes a text or a template
    assert request.form["StatusCallback"] == "https://lapor.example.go.id/in/whatsapp/receipt/41"


def test_four_choices_are_a_list(provider: Provider):
    adapter = channel(provider, all_templates(provider))
    adapter.send(replace(ASKED, buttons=buttons(4)))
    picker = shown(provider, provider.requests[0])["twilio/list-picker"]
    assert picker == {
        "body": "Di Bandung yang mana?",
        "button": "Pilih / Choose",
        "items": [
            {"item": "Pilihan 1", "id": "id:1", "description": "1"},
            {"item": "Pilihan 2", "id": "id:2", "description": "2"},
            {"item": "Pilihan 3", "id": "id:3", "description": "3"},
            {"item": "Pilihan 4", "id": "id:4", "description": "4"},
        ],
    }


def test_a_long_label_is_cut_on_its_button_and_whole_in_the_text(provider: Provider):
    long = (
        Button("a", "Kabupaten Kepulauan Siau Tagulandang Biaro"),
        Button("b", "Kabupaten Kepulauan Sangihe"),
    )
    channel(provider, all_templates(provider)).send(replace(ASKED, buttons=long))
    reply = shown(provider, provider.requests[0])["twilio/quick-reply"]
    assert reply == {
        "body": "Di Bandung yang mana?\n"
        "1. Kabupaten Kepulauan Siau Tagulandang Biaro\n"
        "2. Kabupaten Kepulauan Sangihe",
        "actions": [
            {"type": "QUICK_REPLY", "title": "1. Kabupaten...", "id": "a"},
            {"type": "QUICK_REPLY", "title": "2. Kabupaten...", "id": "b"},
        ],
    }


@pytest.mark.parametrize("count", range(1, 11))
@pytest.mark.parametrize("label", ["{}", "Pilihan ke {}", "Dinas Pekerjaan Umum dan Tata Ruang {}"])
def test_every_choice_keeps_to_the_limits_of_whatsapp(provider: Provider, count: int, label: str):
    channel(provider, all_templates(provider)).send(replace(ASKED, buttons=buttons(count, label)))
    ((kind, content),) = shown(provider, provider.requests[0]).items()
    assert isinstance(content, dict)
    assert kind == ("twilio/quick-reply" if count <= 3 else "twilio/list-picker")
    items = content["actions"] if count <= 3 else content["items"]
    titles = [item["title"] if count <= 3 else item["item"] for item in items]
    assert len(set(titles)) == count  # two of one title are refused
    assert max(map(len, titles)) <= (20 if count <= 3 else 24)
    assert all(len(item["id"]) <= 200 for item in items)
    assert all(1 <= len(item.get("description", "1")) <= 72 for item in items)
    assert len(content["body"]) <= 1024


TEXT = "Di Bandung yang mana?\n1. Kota Bandung\n2. Kab. Bandung"


def test_without_templates_the_choices_are_numbered(provider: Provider):
    channel(provider).send(ASKED)
    assert provider.requests[0].form["Body"] == TEXT


@pytest.mark.parametrize("fault", [21655, 21656, 63021, 63027, 63028])
def test_a_template_that_twilio_refuses_gives_way_to_text(provider: Provider, fault: int):
    provider.script(refusal(400, fault))
    assert channel(provider, all_templates(provider)).send(ASKED).startswith("SM")
    assert [request.form.get("Body") for request in provider.requests] == [None, TEXT]


def test_a_template_deleted_at_twilio_gives_way_to_text(provider: Provider):
    channel(provider, {"buttons_2": f"HX{99:032x}"}).send(ASKED)
    assert provider.requests[1].form["Body"] == TEXT


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refusal(429, 20429), Failure.RETRY),
        (refusal(400, 63016), Failure.CLOSED),
        (refusal(400, 63014), Failure.BLOCKED),
        (Answer(504), Failure.UNCERTAIN),
    ],
)
def test_any_other_refusal_is_not_sent_twice(provider: Provider, answer: Answer, failure: Failure):
    provider.script(answer)
    with pytest.raises(SendError) as caught:
        channel(provider, all_templates(provider)).send(ASKED)
    assert caught.value.failure is failure
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        replace(ASKED, buttons=buttons(11)),
        replace(ASKED, text="kata " * 210),
        replace(ASKED, text="kata " * 195, buttons=buttons(3, "Dinas yang panjang namanya {}")),
        replace(ASKED, buttons=()),
    ],
    ids=["eleven choices", "long text", "long with its choices", "no choice"],
)
def test_what_fits_no_template_is_text(provider: Provider, reply: Outgoing):
    channel(provider, all_templates(provider)).send(reply)
    (request,) = provider.requests
    assert "ContentSid" not in request.form
    assert all(button.label in request.form["Body"] for button in reply.buttons)


def test_a_text_over_1600_characters_goes_as_several_messages(provider: Provider):
    reply = Outgoing(id=7, recipient="+6281200000101", text="kata " * 500)
    assert channel(provider).send(reply) == f"SM{2:032x}"
    first, last = provider.requests
    assert first.form["Body"].startswith("(1/2) kata")
    assert last.form["Body"].startswith("(2/2) kata")
    assert max(len(request.form["Body"]) for request in (first, last)) <= 1600
    assert last.form["StatusCallback"].endswith("/in/whatsapp/receipt/7?part=2-2")


def test_asking_for_a_place_says_how_to_send_a_pin(provider: Provider):
    adapter = channel(provider, all_templates(provider))
    adapter.send(replace(ASKED, buttons=(), ask_location=True))
    adapter.send(replace(ASKED, ask_location=True))
    said = "Di Bandung yang mana?\nBisa juga kirim lokasi: klip atau + > Lokasi."
    assert provider.requests[0].form["Body"] == said
    assert json.loads(provider.requests[1].form["ContentVariables"])["1"] == said


# --- the 24 hours --------------------------------------------------------------------------------


def test_after_24_hours_a_notice_goes_by_its_template(provider: Provider):
    types = {"twilio/text": {"body": "Laporan {{1}} sudah dijawab oleh {{2}}. Balas untuk isi."}}
    channel(provider, {"answered": provider.content.add(types=types)}).send(NOTICE)
    (request,) = provider.requests
    said = "Laporan 9165816 sudah dijawab oleh Dinas PUPR Kota Bandung. Balas untuk isi."
    assert shown(provider, request) == {"twilio/text": {"body": said}}
    assert "Body" not in request.form


def test_a_template_may_have_no_variables_and_a_variable_no_words(provider: Provider):
    template = provider.content.add(types={"twilio/text": {"body": "Ada kabar. Balas STATUS."}})
    adapter = channel(provider, {"answered": template})
    adapter.send(replace(NOTICE, variables=()))
    adapter.send(replace(NOTICE, variables=("9165816", " \n")))
    assert "ContentVariables" not in provider.requests[0].form
    assert json.loads(provider.requests[1].form["ContentVariables"]) == {"1": "9165816", "2": "-"}


@pytest.mark.parametrize(
    "reply", [NOTICE, replace(NOTICE, notice=""), replace(ASKED, open=False)], ids=str
)
def test_after_24_hours_nothing_else_is_even_tried(provider: Provider, reply: Outgoing):
    adapter = channel(provider, all_templates(provider))
    with pytest.raises(SendError) as caught:
        adapter.send(reply)
    assert (caught.value.failure, caught.value.code) == (Failure.CLOSED, "window")
    assert provider.requests == []


@pytest.mark.parametrize("code", [63016, 63027, 63028, 63032, 63049, 21655])
def test_a_notice_whose_template_fails_may_go_by_sms(provider: Provider, code: int):
    adapter = channel(provider, {"answered": provider.content.add(types={})})
    provider.script(refusal(400, code))
    with pytest.raises(SendError) as caught:
        adapter.send(NOTICE)
    assert (caught.value.failure, caught.value.code) == (Failure.CLOSED, str(code))
    assert adapter.failures[str(code)] is Failure.CLOSED  # a receipt says it with the same code


# --- formatting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Laporan 9165816 diterima.", "Laporan *9165816* diterima."),
        ("Laporan 9165816. Cek: STATUS 9165816", "Laporan *9165816*. Cek: STATUS 9165816"),
        ("(9165816)", "(*9165816*)"),
        ("Laporan diterima.", "Laporan diterima."),
        ("9165816 dan 9165817", "9165816 dan 9165817"),
        ("Hubungi 0812000010171 atau +9165816", "Hubungi 0812000010171 atau +9165816"),
        ("Laporan 9165816: harga 2*3", "Laporan 9165816: harga 2*3"),
        ("Laporan 9165816: 5 * 3 * 2", "Laporan 9165816: 5 * 3 * 2"),
        # What a person wrote stays as it was written, to the eye.
        ("Laporan 9165816: *rusak parah*", "Laporan *9165816*: \u2217rusak parah\u2217"),
        ("_miring_ ~coret~ `kode`", "\u02cdmiring\u02cd \u223ccoret\u223c \u02cbkode\u02cb"),
        ("```blok\nkode```", "\u02cb\u02cb\u02cbblok\nkode\u02cb\u02cb\u02cb"),
        ("*_dua_*", "\u2217\u02cddua\u02cd\u2217"),
        ("> kutipan\nlalu > biasa", "\u203a kutipan\nlalu > biasa"),
        ("nama_saya@contoh.example dan a_b_c", "nama_saya@contoh.example dan a_b_c"),
    ],
)
def test_only_the_tracking_number_is_formatted(text: str, sent: str):
    assert formatted(text) == sent


def test_words_of_a_person_in_a_template_are_not_formatted_either(provider: Provider):
    assert unformatted("*halo*") == "\u2217halo\u2217"
    template = provider.content.add(types={"twilio/text": {"body": "{{1}}"}})
    channel(provider, {"answered": template}).send(replace(NOTICE, variables=("*halo*",)))
    assert "*" not in provider.requests[0].form["ContentVariables"]


# --- read marks ----------------------------------------------------------------------------------

IN = b"MessageSid=SM00000000000000000000000000000051&Body=halo&From=whatsapp%3A%2B6281200000101"


def test_a_message_is_marked_as_read_while_the_answer_is_written(provider: Provider):
    adapter = channel(provider, mark_read=True)
    assert isinstance(adapter, AcksEach)
    assert adapter.ack_to(WebhookRequest(path="/in/whatsapp", body=IN)) == adapter.ack
    (request,) = eventually(lambda: provider.requests, "the read mark")
    assert (request.method, request.path) == ("POST", TYPING)
    sid = "SM00000000000000000000000000000051"
    assert request.form == {"messageId": sid, "channel": "whatsapp"}
    adapter.close()


@pytest.mark.parametrize(
    ("mark_read", "path", "body"),
    [
        (False, "/in/whatsapp", IN),
        (True, "/in/whatsapp/receipt/41", IN + b"&MessageStatus=read"),
        (True, "/in/whatsapp", IN + b"&MessageStatus=read"),
        (True, "/in/whatsapp", b"SmsSid=SM1&Body=halo"),
    ],
    ids=["switched off", "receipt", "receipt without our path", "no id"],
)
def test_nothing_else_is_marked(provider: Provider, mark_read: bool, path: str, body: bytes):
    adapter = channel(provider, mark_read=mark_read)
    assert adapter.ack_to(WebhookRequest(path=path, body=body)) == adapter.ack
    adapter.ack_to(WebhookRequest(path="/in/whatsapp", body=IN))
    if mark_read:
        eventually(lambda: provider.requests, "the mark of the next message")
    assert len(provider.requests) == int(mark_read)
    adapter.close()


def test_a_read_mark_that_fails_is_only_a_line_in_the_log(
    provider: Provider, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    adapter = channel(provider, mark_read=True)
    provider.script(refusal(400, 20422))
    for _ in range(2):
        adapter.ack_to(WebhookRequest(path="/in/whatsapp", body=IN))
    eventually(lambda: len(provider.requests) == 2, "the mark after the failed one")
    adapter.close()
    assert "62812" not in capsys.readouterr().out + caplog.text


def test_read_marks_wait_for_nobody_and_pile_up_nowhere(provider: Provider):
    adapter = channel(provider, mark_read=True)
    provider.script(Hang())
    for _ in range(500):
        adapter.ack_to(WebhookRequest(path="/in/whatsapp", body=IN))
    eventually(lambda: provider.requests, "the first mark")
    assert adapter._marker._work_queue.qsize() <= 64
    adapter.close()


# --- lapor register whatsapp ---------------------------------------------------------------------


@pytest.fixture
def register(provider: Provider, tmp_path):
    """Runs the command; `templates` are those that the settings name already."""

    def call(*words: str, templates: dict[str, str] | None = None, **environ: str) -> Result:
        whatsapp = {"api_url": provider.url, "templates": templates or {}}
        config = write_config(tmp_path / "config.yaml", channels={"whatsapp": whatsapp})
        base = {
            "LAPOR_CONFIG": str(config),
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{tmp_path}/1708.db",
            "TWILIO_ACCOUNT_SID": TWILIO_SID,
            "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        }
        return CliRunner().invoke(cli, ["register", "whatsapp", *words], env=base | environ)

    return call


def test_missing_templates_are_created_once(register, provider: Provider):
    provider.content.add(friendly_name="of somebody else", types={}, language="en")
    result = register()
    assert result.exit_code == 0, result.output
    assert "10 templates created, 0 were there." in result.output
    printed = yaml.safe_load(result.output.partition("\n\n")[2])
    found = printed["channels"]["whatsapp"]["templates"]
    assert list(found) == [f"buttons_{n}" for n in (1, 2, 3)] + [f"list_{n}" for n in range(4, 11)]
    assert all(sid in provider.content.templates for sid in found.values())
    again = register()
    assert "0 templates created, 10 were there." in again.output
    assert yaml.safe_load(again.output.partition("\n\n")[2]) == printed
    assert sum(request.method == "POST" for request in provider.requests) == 10


def test_a_template_as_twilio_receives_it(register, provider: Provider):
    register()
    request = next(request for request in provider.requests if request.method == "POST")
    assert (request.path, request.headers["content-type"]) == (CONTENT, "application/json")
    assert json.loads(request.body) == {
        "friendly_name": "lapor1708_buttons_1_v1",
        "language": "id",
        "variables": {"1": "contoh 1", "2": "contoh 2", "3": "contoh 3"},
        "types": {
            "twilio/quick-reply": {
                "body": "{{1}}",
                "actions": [{"type": "QUICK_REPLY", "title": "{{2}}", "id": "{{3}}"}],
            }
        },
    }


def test_what_is_printed_can_be_pasted_and_names_the_notices_too(register, tmp_path):
    notice = f"HX{4711:032x}"
    result = register("--json", templates={"answered": notice})
    answer = json.loads(result.stdout)
    assert answer["templates"]["answered"] == notice
    assert len(answer["created"]) == 10
    whatsapp = {"templates": answer["templates"]}
    path = write_config(tmp_path / "pasted.yaml", channels={"whatsapp": whatsapp})
    assert load(path, {}).channels.whatsapp.templates == answer["templates"]


def test_a_template_that_is_no_content_sid_stops_the_start(tmp_path):
    whatsapp = {"templates": {"buttons_2": "SM0"}}
    path = write_config(tmp_path / "config.yaml", channels={"whatsapp": whatsapp})
    with pytest.raises(ConfigError, match=r"channels\.whatsapp\.templates\.buttons_2"):
        load(path, {})


def test_a_refusal_is_one_sentence_without_the_token(register):
    result = register(TWILIO_AUTH_TOKEN="another-token")
    assert result.exit_code == 1
    assert "Twilio refused" in result.output
    assert "another-token" not in result.output


def test_without_an_account_it_says_what_to_set(register):
    result = register(TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="")
    assert result.exit_code == 1
    assert "TWILIO_ACCOUNT_SID" in result.output
