"""A real Kannel: from fakesmsc through bearerbox and smsbox to 1708 and back, with its receipt."""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import make_server

from bots.reader import Reader
from gateway.app import create_app
from gateway.channels.gsm7 import segments
from gateway.settings import load
from parsers.messages import Outgoing
from store.models import InboxRow, InboxStatus, OutboxRow, OutboxStatus
from tests.conftest import SECRETS, open_gateway, provider_config
from tests.harness import Clock, Gateway, eventually
from tests.live import free_port
from tests.provider import Provider

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
MISSING = [
    name
    for name in ("bearerbox", "smsbox", FAKESMSC)
    if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
]
pytestmark = [
    pytest.mark.kannel,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"no {', '.join(MISSING)}: as root, apt-get install kannel kannel-extras",
    ),
]
GET_FIELDS = "&from=%p&to=%P&text=%b&coding=%c&charset=%C&smsc=%i"
CITIZEN = "+6281200000101"
GOT = re.compile(r"Got message \d+: <(\S+) (\S+) (.*)>$", re.MULTILINE)


@dataclass
class Kannel:
    """The running programs; each is ended with the test."""

    gateway: Gateway
    folder: Path
    ports: dict[str, int]
    running: ExitStack
    started: int = 0
    operator: "subprocess.Popen[bytes] | None" = None

    def start(self, name: str, *words: str) -> tuple[Path, "subprocess.Popen[bytes]"]:
        """Start a program; its log, and how to end it before the test does."""
        self.started += 1
        log = self.folder / f"{self.started}-{Path(name).name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen([name, *words], cwd=self.folder, stdout=file, stderr=file)
        self.running.callback(_end, process)
        return log, process

    def text_in(self, *message: str) -> Path:
        """A phone sends: fakesmsc hands one message in, and stays to take what comes back.

        Kannel takes one fakesmsc at a time, so an earlier one is ended.
        """
        if self.operator:
            _end(self.operator)
        line = " ".join((CITIZEN, "1708", *message))
        words = ("-H", "127.0.0.1", "-r", str(self.ports["smsc"]), "-i", "0.01", "-m", "1", line)
        log, self.operator = self.start(FAKESMSC, *words)
        eventually(lambda: "sent message 1" in log.read_text("utf-8"), "the operator sends")
        return log

    def stored(self, count: int = 1) -> list[InboxRow]:
        eventually(lambda: len(self.gateway.rows(InboxRow)) >= count, "the message is stored")
        return self.gateway.rows(InboxRow)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
        return
    process.kill()
    process.wait(5)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _serve(gateway: Gateway, port: int, running: ExitStack) -> None:
    server = make_server("127.0.0.1", port, create_app(gateway.rt), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    running.callback(thread.join, 10)
    running.callback(server.shutdown)


Start = Callable[..., Kannel]


@pytest.fixture
def start(
    tmp_path: Path, migrated_sqlite: Path, redis_url: str, clock: Clock, reader: Reader
) -> Iterator[Start]:
    """Starts 1708 and Kannel beside each other, on free ports."""
    with ExitStack() as running:

        def call(method: str = "post-url", *, combine: bool = True) -> Kannel:
            ports = {name: free_port() for name in ("admin", "smsbox", "smsc", "sendsms", "web")}
            public_url = f"http://127.0.0.1:{ports['web']}"
            provider = running.enter_context(Provider())
            config = provider_config(tmp_path / "config.yaml", provider)
            values = config.read_text("utf-8").replace(
                provider.sendsms_url, f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms"
            )
            config.write_text(values, "utf-8")
            shutil.copy(migrated_sqlite, tmp_path / "1708.db")
            environ = {
                "DATABASE_URL": f"sqlite:///{tmp_path / '1708.db'}",
                "REDIS_URL": redis_url,
                "DATA_DIR": str(tmp_path / "var"),
                "PUBLIC_URL": public_url,
                **SECRETS,
            }
            opened = open_gateway(load(config, environ), clock, reader)
            gateway = next(opened)
            running.callback(next, opened, None)
            kannel = Kannel(gateway, tmp_path, ports, running)
            _serve(gateway, ports["web"], running)
            conf = (Path(__file__).parent / "kannel.conf").read_text("utf-8")
            filled = conf.format(
                **ports,
                combine=str(combine).lower(),
                method=method,
                public_url=public_url,
                secret=SECRETS["KANNEL_SECRET"],
                password=SECRETS["KANNEL_PASSWORD"],
                fields=GET_FIELDS if method == "get-url" else "",
            )
            (tmp_path / "kannel.conf").write_text(filled, "utf-8")
            for name, port in (("bearerbox", "smsbox"), ("smsbox", "sendsms")):
                kannel.start(f"/usr/sbin/{name}", "-v", "1", "kannel.conf")
                eventually(lambda port=port: _listens(ports[port]), f"{name} listens")
            return kannel

        yield call


@pytest.mark.parametrize("method", ["post-url", "get-url"])
def test_a_message_comes_in_its_reply_goes_out_and_is_delivered(start: Start, method: str):
    kannel = start(method)
    log = kannel.text_in("text", "Jalan rusak di Kec. Coblong Kota Bandung")
    (row,) = kannel.stored()
    assert (row.channel, row.sender, row.recipient) == ("kannel", CITIZEN, "1708")
    assert row.text == "Jalan rusak di Kec. Coblong Kota Bandung"
    kannel.gateway.work()
    (row,) = kannel.gateway.rows(InboxRow)
    assert row.status == InboxStatus.DONE
    replies = kannel.gateway.rows(OutboxRow)
    eventually(
        lambda: all(
            reply.status == OutboxStatus.DELIVERED for reply in kannel.gateway.rows(OutboxRow)
        ),
        "the receipts settle the replies",
    )
    arrived = eventually(lambda: GOT.findall(log.read_text("utf-8")), "the reply at the phone")
    assert {(sender, receiver) for sender, receiver, _ in arrived} == {("1708", CITIZEN)}
    tracking = re.search(r"\b\d{7}\b", replies[0].text)
    assert tracking
    assert any(tracking[0] in content for _, _, content in arrived)


@pytest.mark.parametrize("method", ["post-url", "get-url"])
def test_other_letters_come_in_whole(start: Start, method: str):
    kannel = start(method)
    utf16 = "Jalan “rusak” é 谢 😀".encode("utf-16-be")
    kannel.text_in("ucs2", "".join(f"%{byte:02X}" for byte in utf16))
    assert kannel.stored()[0].text == "Jalan “rusak” é 谢 😀"


PARTS = ("%05%00%03%2A%02%02", "rusak parah"), ("%05%00%03%2A%02%01", "Jalan di Coblong ")


def send_parts(kannel: Kannel) -> None:
    """The second part first, as a phone network may deliver them; they may overtake each other."""
    for header, words in PARTS:
        kannel.text_in("udh-text", header, words)


def test_bearerbox_joins_what_came_in_parts(start: Start):
    kannel = start()
    send_parts(kannel)
    (row,) = kannel.stored()
    assert row.text == "Jalan di Coblong rusak parah"
    assert "part" not in row.extra


def test_parts_that_nobody_joined_say_which_they_are(start: Start):
    kannel = start(combine=False)
    send_parts(kannel)
    parts = {row.text.strip(): (row.extra["part"], row.extra["series"]) for row in kannel.stored(2)}
    assert parts == {"Jalan di Coblong": ([1, 2], "42"), "rusak parah": ([2, 2], "42")}


COUNTED = ("a" * 160, "a" * 161, "a" * 306, "a" * 307, "ꦩ" * 70, "ꦩ" * 71, "€" * 80, "€" * 81)


def test_kannel_counts_segments_as_we_do(start: Start):
    kannel = start()
    log = kannel.text_in("text", "halo")
    kannel.stored()
    adapter = kannel.gateway.rt.adapters["kannel"]

    def arrived() -> int:
        return len(GOT.findall(log.read_text("utf-8")))

    for number, text in enumerate(COUNTED):
        before = arrived()
        adapter.send(Outgoing(id=2 * number, recipient=CITIZEN, text=text))
        adapter.send(Outgoing(id=2 * number + 1, recipient=CITIZEN, text=f"penutup {number}"))
        last = f"text penutup {number}>"
        eventually(lambda last=last: last in log.read_text("utf-8"), "the next reply arrived")
        assert arrived() - before == segments(text) + 1, text[:20]
