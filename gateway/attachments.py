"""The one way to the content of an attachment; each look is written down before it is granted."""

from gateway.runtime import Runtime
from store import audit
from store.files import Files
from store.models import Attachment, AttachmentStatus


class NotStored(LookupError):
    """There is no such file; the message says why."""


def open_attachment(rt: Runtime, attachment_id: int, *, actor: str, reason: str) -> bytes:
    """What is kept of an attachment. The caller has made sure that `actor` may see it."""
    with rt.transaction() as session:
        row = session.get(Attachment, attachment_id)
        if row is None or row.status != AttachmentStatus.STORED:
            raise NotStored(f"it is {row.status}: {row.error}" if row else "it is unknown")
        audit.write(
            session,
            now=rt.now(),
            actor=actor,
            action="attachment.open",
            reason=reason,
            detail={"ids": [attachment_id]},
        )
        digest = row.digest
    return Files(rt.settings.attachments_url).read(digest)
