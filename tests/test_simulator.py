"""The phone simulator: its two routes on real databases, and its page in a real browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from gateway.settings import ROOT
from store.models import InboxRow, OutboxRow
from tests.browser import chromium
from tests.harness import Gateway

PHONE = {"channel": "sms", "sender": "+6281200000001"}
PATIENCE = 20  # seconds; only a failing test waits so long


# --- the routes ----------------------------------------------------------------------------------


def thread(gateway: Gateway, **more: str) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = gateway.http.post(
        "/simulator/messages", json={**PHONE, **more}
    ).get_json()
    return lines


def test_a_message_of_a_phone_takes_the_way_of_every_message(gateway: Gateway):
    said = {**PHONE, "text": "Jalan rusak di Kec. Coblong Bandung"}
    assert gateway.http.post("/simulator/send", json=said).status_code == 202
    gateway.work()
    asked, *answers = thread(gateway)
    assert (asked["direction"], asked["text"], asked["status"]) == ("in", said["text"], "done")
    assert {line["direction"] for line in answers} == {"out"}
    assert re.search(r"\b\d{7}\b", answers[0]["text"])
    assert thread(gateway, after=asked["id"]) == answers
    assert thread(gateway, after="in-unknown") == [asked, *answers]
    assert thread(gateway, sender="+6281200000002") == []
    assert thread(gateway, channel="whatsapp") == []


def test_the_same_words_twice_are_two_messages(gateway: Gateway):
    for _ in range(2):
        gateway.http.post("/simulator/send", json={**PHONE, "text": "halo"})
    assert [row.text for row in gateway.rows(InboxRow)] == ["halo", "halo"]


def test_a_pin_and_a_photo_are_kept(gateway: Gateway):
    photo = {"ref": "simulator:1", "content_type": "image/jpeg"}
    sent = {**PHONE, "text": "", "lat": -6.88488, "lon": 107.61538, "media": [photo]}
    assert gateway.http.post("/simulator/send", json=sent).status_code == 202
    (row,) = gateway.rows(InboxRow)
    assert row.extra["location"]["lat"] == -6.88488
    assert row.extra["location"]["lon"] == 107.61538
    assert [item["content_type"] for item in row.extra["media"]] == ["image/jpeg"]


EXTRA = {"buttons": [["which:1", "Kota Bandung"], ["which:2", "Kab. Bandung"]]}
PRESSED = [
    {"id": "which:1", "label": "Kota Bandung"},
    {"id": "which:2", "label": "Kab. Bandung"},
]


@pytest.mark.parametrize(
    ("channel", "shown"),
    [
        ("sms", {"text": "Yang mana?\n1. Kota Bandung\n2. Kab. Bandung"}),
        (
            "whatsapp",
            {
                "text": "Yang mana?\nBisa juga kirim lokasi: klip atau + > Lokasi.",
                "buttons": PRESSED,
                "pin": False,
            },
        ),
        ("telegram", {"text": "Yang mana?", "buttons": PRESSED, "pin": True}),
    ],
)
def test_choices_look_as_on_each_channel(gateway: Gateway, channel: str, shown: dict[str, Any]):
    with gateway.rt.transaction() as session:
        session.add(
            OutboxRow(
                dedupe="test",
                kind="question",
                channel=channel,
                recipient=PHONE["sender"],
                text="Yang mana?",
                extra={**EXTRA, "ask_location": True},
                due_at=gateway.clock.now,
                created_at=gateway.clock.now,
            )
        )
    (line,) = thread(gateway, channel=channel)
    known = {"id", "direction", "at", "status"}
    assert {name: value for name, value in line.items() if name not in known} == shown


def test_a_button_that_was_pressed_comes_as_its_choice(gateway: Gateway):
    pressed = {**PHONE, "channel": "whatsapp", "text": "Kota Bandung", "choice": "which:1"}
    assert gateway.http.post("/simulator/send", json=pressed).status_code == 202
    (row,) = gateway.rows(InboxRow)
    assert (row.text, row.extra["choice"]) == ("Kota Bandung", "which:1")


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"channel": "fax"}, 400),
        ({"channel": None}, 400),
        ({"sender": "Sari"}, 400),
        ({"sender": "+62812 0000"}, 400),
        ({"sender": "1" * 16}, 400),
        ({"text": 12}, 400),
        ({"choice": 12}, 400),
        ({"lat": 91, "lon": 107}, 400),
        ({"lat": "utara", "lon": 107}, 400),
        ({"lat": -6.9}, 400),
        ({"media": "foto"}, 400),
        ({"media": [{"ref": 1}]}, 400),
    ],
    ids=str,
)
def test_what_no_phone_would_send_is_refused(gateway: Gateway, wrong: dict[str, Any], status: int):
    response = gateway.http.post("/simulator/send", json={**PHONE, "text": "halo", **wrong})
    assert response.status_code == status
    assert gateway.rows(InboxRow) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("channel=sms&sender=%2B6281200000001&text=halo", "application/x-www-form-urlencoded", 415),
        ('{"channel":"sms","sender":"+6281200000001"}', "text/plain", 415),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
    ],
)
def test_only_json_is_taken_so_that_no_other_site_can_post(
    gateway: Gateway, body: str, content_type: str, status: int
):
    response = gateway.http.post("/simulator/send", data=body, content_type=content_type)
    assert response.status_code == status
    assert gateway.rows(InboxRow) == []


def test_a_channel_with_a_real_provider_cannot_be_simulated(connected: Gateway):
    response = connected.http.post("/simulator/send", json={**PHONE, "text": "halo"})
    assert response.status_code == 409
    assert connected.rows(InboxRow) == []
    assert connected.http.get("/simulator").text.count(" disabled>") == 6  # 2 phones, 3 channels


def test_the_page_needs_nothing_from_another_host():
    files = [
        ROOT / "gateway" / "templates" / "simulator.html",
        *(ROOT / "gateway" / "static").glob("simulator.*"),
    ]
    assert len(files) == 3
    for file in files:
        source = file.read_text("utf-8")
        assert not re.search(r"https?://|url\(|@import|\son\w+=|\sstyle=", source), file.name


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


class Page:
    """The simulator in a browser, with numbers that no other test uses."""

    def __init__(self, browser: webdriver.Chrome, url: str) -> None:
        self.browser, self.url = browser, url
        browser.get_log("browser")  # drops what an earlier page complained about
        self.open()

    def open(self, query: str = "") -> None:
        self.browser.get(f"{self.url}/simulator{query}")
        for phone in (1, 2):
            self.find(phone, ".other").click()

    def find(self, phone: int, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, f"#phone{phone} {selector}")

    def choose(self, phone: int, channel: str) -> None:
        self.find(phone, f"[value={channel}]").click()

    def type(self, phone: int, *keys: str) -> None:
        self.find(phone, ".text").send_keys(*keys)

    def bubbles(self, phone: int, side: str) -> list[str]:
        found = self.browser.find_elements(By.CSS_SELECTOR, f"#phone{phone} .bubble{side} .said")
        return [bubble.text for bubble in found]

    def said(self, phone: int) -> list[str]:
        return self.bubbles(phone, ".mine")

    def answers(self, phone: int) -> list[str]:
        return self.bubbles(phone, ":not(.mine)")

    def wait_for_answers(self, phone: int, count: int) -> list[str]:
        WebDriverWait(self.browser, PATIENCE).until(lambda _: len(self.answers(phone)) >= count)
        return self.answers(phone)

    def run(self, script: str, *values: object) -> Any:
        return self.browser.execute_script(script, *values)


@pytest.fixture
def page(browser: webdriver.Chrome, live_url: str) -> Page:
    return Page(browser, live_url)


def test_a_citizen_reports_and_asks_for_the_status_by_keyboard(page: Page):
    page.type(1, "Jalan rusak di Kec. Coblong Bandung", Keys.ENTER)
    (first, *_) = page.wait_for_answers(1, 1)
    number = re.search(r"\b\d{7}\b", first)
    assert number is not None
    page.type(1, "STATUS", Keys.ENTER)
    assert number[0] in page.wait_for_answers(1, 2)[1]
    assert page.said(1) == ["Jalan rusak di Kec. Coblong Bandung", "STATUS"]
    assert page.find(1, ".text").get_attribute("value") == ""
    assert page.said(2) == page.answers(2) == []  # the other phone heard nothing


def test_nothing_personal_is_in_an_address_and_nothing_comes_from_elsewhere(page: Page):
    sender = (page.find(1, ".sender").get_attribute("value") or "").lstrip("+")
    page.type(1, "BANTUAN", Keys.ENTER)
    page.wait_for_answers(1, 1)
    loaded = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert any(name.endswith("/simulator/messages") for name in loaded)
    for name in [*loaded, page.browser.current_url]:
        assert name.startswith((page.url, "data:"))
        assert sender not in name
        assert "BANTUAN" not in name
    assert page.browser.get_log("browser") == []  # neither errors nor breaches of the policy


def test_an_example_fills_the_box_and_a_pin_is_sent(page: Page):
    page.find(2, ".example").click()
    assert page.find(2, ".text").get_attribute("value") == "Jalan rusak di Kec. Coblong Bandung"
    page.find(2, ".pin").click()
    page.wait_for_answers(2, 1)
    assert page.said(2) == ["(lokasi atau lampiran)"]


def test_a_choice_under_a_reply_is_pressed(page: Page):
    page.choose(1, "whatsapp")
    line = {
        "id": "out-of-the-test",
        "direction": "out",
        "text": "Yang mana?",
        "at": "2026-03-02T03:04:05+00:00",
        "status": "sent",
        "buttons": [{"id": "which:1", "label": "Kota Bandung"}, {"id": "2", "label": "Lain"}],
    }
    page.run("phones[0].add(arguments[0])", line)
    assert page.answers(1) == ["Yang mana?"]
    page.find(1, ".choice").click()
    WebDriverWait(page.browser, PATIENCE).until(lambda _: page.said(1) == ["Kota Bandung"])


def test_each_channel_has_its_own_look_and_its_own_conversation(page: Page):
    page.type(1, "BANTUAN", Keys.ENTER)
    page.wait_for_answers(1, 1)
    colours = set()
    for channel, name in (("telegram", "Telegram"), ("whatsapp", "WhatsApp"), ("sms", "SMS")):
        page.choose(1, channel)
        assert page.find(1, ".via").text == name
        assert page.find(1, ".pin").is_displayed() is (channel != "sms")
        assert page.find(1, ".counter").is_displayed() is (channel == "sms")
        colours.add(page.find(1, ".bar").value_of_css_property("background-color"))
        if channel != "sms":
            assert page.said(1) == []
    assert len(colours) == 3
    page.wait_for_answers(1, 1)
    assert page.said(1) == ["BANTUAN"]


def test_the_channel_is_chosen_by_arrow_keys(page: Page):
    page.find(1, "[value=sms]").send_keys(Keys.ARROW_RIGHT)
    assert page.find(1, ".via").text == "WhatsApp"


@pytest.mark.parametrize(
    ("text", "counter"),
    [
        ("", "0/160 · 1 SMS"),
        ("a" * 160, "160/160 · 1 SMS"),
        ("a" * 161, "161/306 · 2 SMS"),
        ("€" * 80, "160/160 · 1 SMS"),
        ("a" * 159 + "[", "161/306 · 2 SMS"),
        ("ж" * 71, "71/134 · 2 SMS"),
        ("😡", "2/70 · 1 SMS"),
        ("a" * 152 + "€" + "a" * 152, "306/459 · 3 SMS"),
        ("😡" * 67, "134/201 · 3 SMS"),
        ("‘rusak’", "7/70 · 1 SMS"),
    ],
)
def test_the_counter_says_what_an_operator_would_bill(page: Page, text: str, counter: str):
    box = page.find(1, ".text")
    page.run(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
        box,
        text,
    )
    assert page.find(1, ".counter").text == counter


def test_a_hidden_page_asks_nothing_and_a_shown_one_at_once(page: Page):
    page.run(
        """
        window.asked = 0;
        window.realFetch = window.fetch;
        window.fetch = (...args) => { window.asked += 1; return window.realFetch(...args); };
        window.visibility = "hidden";
        Object.defineProperty(document, "visibilityState", { get: () => window.visibility });
        """
    )
    tell = "document.dispatchEvent(new Event('visibilitychange')); return window.asked"
    assert page.run(f"window.asked = 0; {tell}") == 0
    assert page.run(tell) == 0
    page.run(f"window.visibility = 'visible'; {tell}")
    WebDriverWait(page.browser, PATIENCE).until(lambda _: page.run("return window.asked") >= 2)


def test_a_message_that_did_not_arrive_stays_in_the_box(page: Page):
    page.browser.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    try:
        page.type(1, "Lampu jalan mati", Keys.ENTER)
        WebDriverWait(page.browser, PATIENCE).until(lambda _: page.find(1, ".problem").text)
        assert page.find(1, ".text").get_attribute("value") == "Lampu jalan mati"
    finally:
        page.browser.execute_cdp_cmd(
            "Network.emulateNetworkConditions", {**offline, "offline": False}
        )
    WebDriverWait(page.browser, PATIENCE).until(lambda _: page.find(1, ".send").is_enabled())
    page.type(1, Keys.ENTER)
    WebDriverWait(page.browser, PATIENCE).until(lambda _: page.said(1) == ["Lampu jalan mati"])


def test_a_number_that_is_none_is_named_and_sends_nothing(page: Page):
    number = page.find(1, ".sender")
    number.clear()
    number.send_keys("rumah", Keys.TAB)
    assert "3 sampai 15 angka" in page.find(1, ".problem").text
    assert number.get_attribute("aria-invalid") == "true"
    assert not page.find(1, ".send").is_enabled()


def test_everything_that_can_be_used_has_a_name_for_a_screen_reader(page: Page):
    nameless = page.run(
        """
        const usable = document.querySelectorAll("input, textarea, button, a, [tabindex]");
        return [...usable].filter((one) => !(one.getAttribute("aria-label") || "").trim()
          && ![...(one.labels || [])].some((label) => label.textContent.trim())
          && !one.textContent.trim()).map((one) => one.outerHTML);
        """
    )
    assert nameless == []
    assert page.find(1, ".thread").get_attribute("aria-live") == "polite"
    assert page.run("return document.documentElement.lang") == "id"


def test_the_page_speaks_english_when_asked(page: Page):
    page.open("?lang=en")
    assert page.run("return document.documentElement.lang") == "en"
    assert page.find(1, ".send").text == "Send"
    page.browser.find_element(By.LINK_TEXT, "Bahasa Indonesia").click()
    assert page.find(1, ".send").text == "Kirim"


def test_on_a_small_screen_the_phones_stand_one_below_the_other(page: Page):
    small = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", small)
    try:
        page.open()
        assert page.run("return document.documentElement.scrollWidth") == 360
        boxes = [page.find(number, ".screen").rect for number in (1, 2)]
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"]
