"""E-mail to officers: what arrives, and what each refusal of a mail server means."""

import dataclasses
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import deliver
from gateway.channel_settings import Email as EmailSettings
from gateway.channels.base import SendError, SignatureInvalid, WebhookRequest
from gateway.channels.email import Email
from gateway.publish import publish_events
from gateway.runtime import Runtime
from gateway.settings import ConfigError, load
from parsers.messages import Failure, Outgoing
from store import outbox
from store.models import OutboxRow
from tests.events import disposed, officer
from tests.harness import Clock, rows
from tests.live import free_port, write_config

ANA = "ana@agency.example"
REPLY = Outgoing(
    id=34,
    recipient=ANA,
    text="Laporan baru 9000001 untuk Dinas PU.\nTopik: Jalan\nBuka: https://1708.example/",
)


@dataclasses.dataclass
class MailServer:
    """The far end: keeps what it takes, and refuses where the test says so."""

    mail: str = "250 OK"
    rcpt: str = "250 OK"
    data: str = "250 OK"
    then: Callable[[Any], None] = lambda _: None  # once the whole text is there
    taken: list[EmailMessage] = dataclasses.field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = dataclasses.field(default_factory=list)
    port: int = 0

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's hooks, with all that it gives them
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.then(server)
        assert isinstance(envelope.content, bytes)
        if self.data.startswith("250"):
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
            self.envelopes.append((envelope.mail_from or "", envelope.rcpt_tos))
        return self.data


@contextmanager
def running(far: MailServer, **more: Any) -> Iterator[MailServer]:
    controller = Controller(far, hostname="127.0.0.1", port=free_port(), **more)
    controller.start()
    far.port = controller.port
    try:
        yield far
    finally:
        controller.stop()


@pytest.fixture
def far() -> Iterator[MailServer]:
    with running(MailServer()) as server:
        yield server


def email(port: int, **more: Any) -> Email:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": "",
        "sender": "1708 LAPOR! <1708@lapor.example>",
        "reply_to": "admin@lapor.example",
    }
    password, tls = more.pop("password", ""), more.pop("tls", None)
    timeout = more.pop("timeout", 5)
    settings = EmailSettings.model_validate(values | more)
    return Email(settings, password=password, timeout=timeout, tls=tls)


def content(mail: EmailMessage) -> str:
    """Its text with the line ends of Python instead of those of mail."""
    return str(mail.get_content()).replace("\r\n", "\n")


def refusal(adapter: Email, reply: Outgoing = REPLY) -> tuple[str, str]:
    with pytest.raises(SendError) as caught:
        adapter.send(reply)
    return caught.value.failure.value, caught.value.code


# --- what arrives --------------------------------------------------------------------------------


def test_a_mail_says_who_writes_and_that_no_person_does(far: MailServer):
    assert email(far.port).send(REPLY) == "1708-34@lapor.example"
    (mail,) = far.taken
    sent = datetime.strptime(mail["Date"], "%a, %d %b %Y %H:%M:%S %z")
    assert abs(datetime.now(UTC) - sent) < timedelta(minutes=1)
    headers = {name: str(value) for name, value in mail.items() if name != "Date"}
    assert headers == {
        "To": ANA,
        "From": "1708 LAPOR! <1708@lapor.example>",
        "Reply-To": "admin@lapor.example",
        "Subject": "Laporan baru 9000001 untuk Dinas PU.",
        "Message-ID": "<1708-34@lapor.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
        **({"X-Peer": headers["X-Peer"]} if "X-Peer" in headers else {}),
    }
    assert content(mail) == "Topik: Jalan\nBuka: https://1708.example/\n"
    assert far.envelopes == [("1708@lapor.example", [ANA])]


def test_a_repeat_bears_the_same_id(far: MailServer):
    assert email(far.port).send(REPLY) == email(far.port).send(REPLY)
    assert len({mail["Message-ID"] for mail in far.taken}) == 1


@pytest.mark.parametrize(
    ("text", "subject", "body"),
    [
        ("Satu baris saja", "Satu baris saja", "Satu baris saja\n"),
        ("Rambu \u201cDilarang\u201d\nKec. \u00c9", "Rambu \u201cDilarang\u201d", "Kec. \u00c9\n"),
        ("Judul\n.\n..dua titik", "Judul", ".\n..dua titik\n"),
        ("A\tB  C\nisi", "A B C", "isi\n"),
        ("x" * 400 + "\nisi", "x" * 150, "isi\n"),
        ("Judul\r\nBcc: x@attacker.example\n\nisi", "Judul", "Bcc: x@attacker.example\n\nisi\n"),
        ("Judul\x0bBcc: x@attacker.example", "Judul Bcc: x@attacker.example", None),
        ("Judul\rBcc: x@attacker.example", "Judul Bcc: x@attacker.example", None),
        ("Judul\u2028Bcc: x@attacker.example", "Judul Bcc: x@attacker.example", None),
    ],
)
def test_the_first_line_is_the_subject_and_no_text_becomes_a_header(
    far: MailServer, text: str, subject: str, body: str | None
):
    email(far.port).send(dataclasses.replace(REPLY, text=text))
    (mail,) = far.taken
    assert mail["Subject"] == subject
    assert mail["Bcc"] is None
    if body is not None:
        assert content(mail) == body
    assert far.envelopes == [("1708@lapor.example", [ANA])]


@pytest.mark.parametrize(
    "address",
    [
        "ana@agency.example\r\nBcc: x@attacker.example",
        "ana@agency.example\nRCPT TO:<x@attacker.example>",
        "ana@agency.example, x@attacker.example",
        "<ana@agency.example> <x@attacker.example>",
        "ana",
        "",
        "an\u00e1@agency.example",
        "ana@agency.example\x00",
    ],
)
def test_what_is_no_address_is_refused_before_anybody_is_called(address: str):
    bad = dataclasses.replace(REPLY, recipient=address)
    assert refusal(email(free_port()), bad) == ("rejected", "address")


# --- what a refusal means ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "failure", "code"),
    [
        ({"rcpt": "550 5.1.1 <ana@agency.example> unknown"}, "rejected", "550 5.1.1"),
        ({"rcpt": "450 4.2.1 mailbox busy"}, "retry", "450 4.2.1"),
        ({"rcpt": "452 too many"}, "retry", "452"),
        ({"mail": "553 5.7.1 not your sender"}, "config", "553 5.7.1"),
        ({"mail": "451 4.3.0 later"}, "retry", "451 4.3.0"),
        ({"mail": "530 5.7.0 Authentication required"}, "config", "530 5.7.0"),
        ({"data": "554 5.7.1 looks like spam"}, "rejected", "554 5.7.1"),
        ({"data": "452 4.3.1 disk full"}, "retry", "452 4.3.1"),
    ],
)
def test_what_an_answer_means(far: MailServer, answers: dict[str, str], failure: str, code: str):
    """The server's words stay out: they quote the address."""
    for name, answer in answers.items():
        setattr(far, name, answer)
    assert refusal(email(far.port)) == (failure, code)
    assert far.taken == []


def test_a_server_that_breaks_off_after_the_text_may_have_taken_it(far: MailServer):
    far.then = lambda server: server.transport.abort()
    failure, _ = refusal(email(far.port))
    assert failure == "uncertain"


def test_a_server_that_says_nothing_after_the_text_may_have_taken_it():
    with scripted(*BEFORE_DATA, b"354 go on\r\n", None) as port:
        assert refusal(email(port, timeout=0.3)) == ("uncertain", "SMTPServerDisconnected")


BEFORE_DATA = (b"220 hello\r\n", b"250 lapor\r\n", b"250 OK\r\n", b"250 OK\r\n")


@pytest.mark.parametrize(
    ("said", "failure", "code"),
    [
        ([b"421 4.3.2 going down\r\n"], "retry", "421 4.3.2"),
        ([b"554 5.7.1 not from you\r\n"], "config", "554 5.7.1"),
        ([None], "retry", "disconnected"),
        ([b""], "retry", "disconnected"),
        ([b"220 hello\r\n", b"250 lapor\r\n", b""], "retry", "disconnected"),
        ([b"220 hello\r\n", b"250 lapor\r\n", None], "retry", "disconnected"),
        ([*BEFORE_DATA, b"451 4.3.0 not now\r\n"], "retry", "451 4.3.0"),
        ([*BEFORE_DATA, b"354 go on\r\n", b"250 OK\r\n", None], "", ""),  # QUIT does not matter
        ([*BEFORE_DATA, b"354 go on\r\n", b"250 OK\r\n", b""], "", ""),
    ],
)
def test_where_a_connection_fails(said: list[bytes | None], failure: str, code: str):
    with scripted(*said) as port:
        adapter = email(port, timeout=0.3)
        if failure:
            assert refusal(adapter) == (failure, code)
        else:
            assert adapter.send(REPLY)


@contextmanager
def scripted(*lines: bytes | None) -> Iterator[int]:
    """Says each line when it has heard something; b"" hangs up, None is silence for ever."""
    done = threading.Event()

    def talk() -> None:
        near, _ = listener.accept()
        with near:
            for number, line in enumerate(lines):
                if number:
                    heard = near.recv(65536)
                    if line == b"250 OK\r\n" and lines[number - 1] == b"354 go on\r\n":
                        while not heard.endswith(b"\r\n.\r\n"):
                            heard += near.recv(65536)
                if line is None:
                    done.wait(10)
                    return
                if line == b"":
                    return
                near.sendall(line)
            done.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join(5)


def test_nobody_there_is_tried_again():
    assert refusal(email(free_port())) == ("retry", "ConnectionRefusedError")


# --- login and encryption ------------------------------------------------------------------------


def logins(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    good = isinstance(given, LoginPassword) and given.login == b"lapor"
    return AuthResult(success=good and given.password == b"right", handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(
    ("password", "expected"), [("right", None), ("wrong", ("config", "535 5.7.8"))]
)
def test_a_login_with_our_password(password: str, expected: tuple[str, str] | None):
    more = {"authenticator": logins, "auth_required": True, "auth_require_tls": False}
    with running(MailServer(), **more) as far:
        adapter = email(far.port, username="lapor", password=password)
        if expected:
            assert refusal(adapter) == expected
            assert adapter.check() == (
                "The mail server refuses us (535 5.7.8): check channels.email."
            )
        else:
            adapter.send(REPLY)
            assert adapter.check() is None


def test_a_server_without_login_is_a_mistake_of_ours(far: MailServer):
    adapter = email(far.port, username="lapor", password="right")
    assert refusal(adapter)[0] == "config"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail of the tests")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_way_is_encrypted_and_the_server_is_who_it_says(certificate: Path, security: str):
    context = server_side(certificate)
    more: dict[str, Any] = (
        {"tls_context": context, "require_starttls": True}
        if security == "starttls"
        else {"ssl_context": context}
    )
    with running(MailServer(), **more) as far:
        trusting = ssl.create_default_context(cafile=str(certificate))
        email(far.port, security=security, tls=trusting).send(REPLY)
        assert len(far.taken) == 1
        stranger = email(far.port, security=security)
        assert refusal(stranger) == ("config", "certificate")
        assert len(far.taken) == 1


def test_a_server_that_takes_no_encryption_gets_nothing(far: MailServer):
    """Neither the mail nor the password goes out in the clear."""
    adapter = email(far.port, security="starttls", username="lapor", password="right")
    assert refusal(adapter) == ("config", "SMTPNotSupportedError")
    assert far.taken == []


def test_a_server_that_is_away_is_told_to_the_operator():
    assert email(free_port()).check() == (
        "The mail server cannot be reached (ConnectionRefusedError): check channels.email.host."
    )


def test_nothing_comes_in_by_http():
    with pytest.raises(SignatureInvalid):
        email(25).verify(WebhookRequest())


@pytest.mark.parametrize(
    ("changes", "environ", "words"),
    [
        ({"host": "mail.example"}, {}, "host is set, sender is missing"),
        (
            {"host": "mail.example", "sender": "a@b.example", "username": "u"},
            {},
            "SMTP_PASSWORD is missing",
        ),
        (
            {
                "host": "mail.example",
                "sender": "a@b.example",
                "username": "u",
                "security": "none",
            },
            {"SMTP_PASSWORD": "right"},
            "in the clear",
        ),
        ({"sender": "a@b.example\nBcc: x@attacker.example"}, {}, "channels.email.sender"),
        ({"sender": "nobody"}, {}, "channels.email.sender"),
        ({"security": "ssl"}, {}, "channels.email.security"),
    ],
)
def test_settings_that_cannot_work_are_named(
    tmp_path: Path, changes: dict[str, str], environ: dict[str, str], words: str
):
    path = write_config(tmp_path / "config.yaml", channels={"email": changes})
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    (line,) = str(caught.value).splitlines()
    assert words in line


# --- through the outbox --------------------------------------------------------------------------


def mailing(rt: Runtime, reader: Any, clock: Clock, port: int) -> Runtime:
    other = dataclasses.replace(rt, now=clock, adapters={"email": email(port, timeout=0.5)})
    vars(other)["reader"] = reader
    return other


def send(rt: Runtime) -> OutboxRow:
    for _ in range(2):
        deliver.drain_outbox(rt, until=time.monotonic() + 60)
    (row,) = rows(rt, OutboxRow)
    assert isinstance(row, OutboxRow)
    return row


def test_an_officer_gets_one_mail_however_often_the_server_refuses_first(
    runtime: Runtime, reader: Any, clock: Clock, far: MailServer
):
    rt = mailing(runtime, reader, clock, far.port)
    officer(rt, "dinas")
    disposed(rt)
    publish_events(rt)
    far.data = "451 4.3.0 later"
    assert (send(rt).status, far.taken) == ("queued", [])
    far.data = "250 OK"
    clock.forward(minutes=1)
    row = send(rt)
    assert (row.status, row.provider_id) == ("sent", "1708-1@lapor.example")
    assert [mail["To"] for mail in far.taken] == ["dinas@agency.example"]


def test_a_mail_that_may_be_out_is_held_until_an_operator_decides(
    runtime: Runtime, reader: Any, clock: Clock, far: MailServer
):
    rt = mailing(runtime, reader, clock, far.port)
    officer(rt, "dinas")
    disposed(rt)
    publish_events(rt)
    far.then = lambda server: server.transport.abort()
    row = send(rt)
    assert (row.status, row.failure) == ("held", Failure.UNCERTAIN)
    far.then = lambda _: None
    clock.forward(hours=1)
    assert send(rt).status == "held"
    with rt.transaction() as session:
        assert outbox.replay(session, [row.key], now=clock.now, again=False) == []
        assert outbox.replay(session, [row.key], now=clock.now, again=True) == [row.key]
    assert send(rt).status == "sent"
    assert far.taken[-1]["Message-ID"] == "<1708-1@lapor.example>"
