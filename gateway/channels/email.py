"""E-mail over SMTP: officers are told here; nothing comes in."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from gateway.channel_settings import Email as EmailSettings
from gateway.channels.base import Ack, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.http import trusting
from parsers.messages import Envelope, Failure, Outgoing

LONGEST_SUBJECT = 150
POLICY = SMTP.clone(cte_type="7bit")  # any server takes it
STATUS = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}")  # RFC 3463, the reason behind a reply code
Said = tuple[int, bytes]


class Email:
    """Plain text to one officer; its first line is the subject."""

    name = "email"
    ack = Ack()
    max_text = 100_000

    def __init__(
        self,
        settings: EmailSettings,
        *,
        password: str,
        timeout: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings, self._password, self._timeout = settings, password, timeout
        self._tls = tls
        self._from = parseaddr(settings.sender)[1]
        self._host = self._from.partition("@")[2]

    def verify(self, request: WebhookRequest) -> None:  # noqa: ARG002 - no request can be genuine
        raise SignatureInvalid("no mail comes in over HTTP")

    def parse(self, request: WebhookRequest) -> Envelope:  # noqa: ARG002 - the same
        raise ValueError("no mail comes in over HTTP")

    def send(self, reply: Outgoing) -> str:
        """The Message-ID, which a repeat of the same row has as well."""
        message = self._compose(reply)
        with self._connected() as smtp:
            _take(smtp.mail(self._from), Failure.CONFIG)
            _take(smtp.rcpt(reply.recipient), Failure.REJECTED)
            _hand_over(smtp, message.as_bytes())
        return str(message["Message-ID"]).strip("<>")

    def check(self) -> str | None:
        try:
            with self._connected() as smtp:
                _take(smtp.noop(), Failure.CONFIG)
        except SendError as error:
            if error.failure is Failure.CONFIG:
                return f"The mail server refuses us ({error.code}): check channels.email."
            return f"The mail server cannot be reached ({error.code}): check channels.email.host."
        return None

    def close(self) -> None:
        """Each mail has a connection of its own."""

    def _compose(self, reply: Outgoing) -> EmailMessage:
        """No address or text can add a header: what would is refused, or made one line."""
        subject, _, body = reply.text.partition("\n")
        message = EmailMessage(policy=POLICY)
        try:
            message["To"] = Address(addr_spec=reply.recipient)
        except (MessageError, ValueError, IndexError):
            raise SendError(Failure.REJECTED, "address") from None
        if not reply.recipient.isascii():
            raise SendError(Failure.REJECTED, "address")
        message["From"] = self._settings.sender
        if self._settings.reply_to:
            message["Reply-To"] = self._settings.reply_to
        message["Subject"] = " ".join(subject.split())[:LONGEST_SUBJECT]
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<1708-{reply.id}@{self._host}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
        message.set_content(body.strip("\n") or subject)
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is let go whatever happens; until the text nothing is uncertain."""
        with _nothing_sent():
            smtp = self._dial()
        try:
            with _nothing_sent():
                if self._settings.security == "starttls":
                    smtp.starttls(context=self._tls or trusting())
                if self._settings.username:
                    smtp.login(self._settings.username, self._password)
                smtp.ehlo_or_helo_if_needed()
                yield smtp
            with suppress(OSError):
                smtp.quit()
        finally:
            smtp.close()

    def _dial(self) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        if self._settings.security == "tls":
            context = self._tls or trusting()
            return smtplib.SMTP_SSL(host, port, self._host, timeout=self._timeout, context=context)
        return smtplib.SMTP(host, port, self._host, timeout=self._timeout)


@contextmanager
def _nothing_sent() -> Iterator[None]:
    """What fails in here is surely not on its way; `_hand_over` says itself what it does not know.

    The texts of servers stay out of codes and logs: they quote addresses.
    """
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise SendError(Failure.CONFIG, "certificate") from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error, Failure.CONFIG) from None
    except smtplib.SMTPServerDisconnected:
        raise SendError(Failure.RETRY, "disconnected") from None
    except smtplib.SMTPException as error:  # no STARTTLS, no login that both know
        raise SendError(Failure.CONFIG, type(error).__name__) from None
    except OSError as error:
        raise SendError(Failure.RETRY, type(error).__name__) from None


def _hand_over(smtp: smtplib.SMTP, message: bytes) -> None:
    """The text and the server's word on it; without that word the mail may have been taken."""
    try:
        said = smtp.data(message)
    except smtplib.SMTPDataError as error:  # it did not even want to see it
        raise _refused(error.smtp_code, error.smtp_error, Failure.REJECTED) from None
    except OSError as error:
        raise SendError(Failure.UNCERTAIN, type(error).__name__) from None
    _take(said, Failure.REJECTED)


def _take(said: Said, final: Failure) -> None:
    """`final` is what a permanent refusal of this step means."""
    code, words = said
    if not 200 <= code < 300:
        raise _refused(code, words, final)


def _refused(code: int, words: bytes | str, final: Failure) -> SendError:
    """https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1: 4yz is for now, 5yz for good."""
    found = STATUS.search(words if isinstance(words, bytes) else words.encode())
    reason = f"{code} {found[0].decode()}" if found else str(code)
    return SendError(final if code >= 500 else Failure.RETRY, reason)
