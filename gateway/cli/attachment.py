"""`lapor attachment`: photos, voice notes and documents of a message, for an operator."""

from pathlib import Path

import click

from gateway import queue
from gateway.attachments import open_attachment
from gateway.cli.opening import actor, opened
from gateway.cli.options import Ref, RefParam, place
from gateway.cli.selection import INBOX
from gateway.queue import Wake
from gateway.runtime import Runtime
from store import attachments, audit
from store.files import Damaged
from store.models import Attachment, AttachmentStatus

ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/3gpp": ".3gp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "application/pdf": ".pdf",
}
why = click.option("--reason", required=True, help="Why; the audit log keeps it.")


@click.group()
def attachment() -> None:
    """Files that came with messages.

    \b
    Examples:
      lapor attachment save in-12 --to evidence --reason "asked by the agency, ticket 77"
      lapor attachment again in-12 --reason "the token was wrong"
    """


@attachment.command()
@click.argument("row", type=RefParam())
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Made if it is not there; no file in it is overwritten.",
)
@why
def save(*, row: Ref, folder: Path, reason: str) -> None:
    """Save the files of a message. Exit code 1 if one of them is not to be had.

    \b
    Example:
      lapor attachment save in-12 --to evidence --reason "asked by the agency, ticket 77"
    """
    key = _message(row, reason)
    with opened() as rt:
        found = _files(rt, key)
        folder.mkdir(parents=True, exist_ok=True)
        saved = [_save(rt, each, folder, reason) for each in found]
    if not all(saved):
        raise SystemExit(1)


@attachment.command()
@click.argument("row", type=RefParam())
@why
def again(*, row: Ref, reason: str) -> None:
    """Have refused and failed files of a message fetched once more, after a mend.

    \b
    Example:
      lapor attachment again in-12 --reason "the token was wrong"
    """
    key = _message(row, reason)
    with opened() as rt:
        with rt.transaction() as session:
            ids = attachments.again(session, key, now=rt.now())
            audit.write(
                session,
                now=rt.now(),
                actor=actor(),
                action="attachment.again",
                reason=reason,
                detail={"ids": ids},
            )
        queue.wake(rt.redis, Wake.FETCH)
    if not ids:
        raise click.ClickException(f"no file of in-{key} was refused or failed.")
    click.echo(f"{len(ids)} queued.")


def _message(row: Ref, reason: str) -> int:
    if not reason.strip():
        raise click.UsageError('--reason "..." is required: the audit log keeps it.')
    return place(INBOX, row)[1]


def _files(rt: Runtime, inbox_id: int) -> list[Attachment]:
    with rt.reading() as session:
        found = list(attachments.of_message(session, inbox_id))
    if not found:
        raise click.ClickException(f"in-{inbox_id} has no files, or there is no such message.")
    return found


def _save(rt: Runtime, row: Attachment, folder: Path, reason: str) -> bool:
    """Under a name of ours: the sender's may say anything, and may lead out of the folder."""
    name = f"in-{row.inbox_id}-{row.position}{ENDINGS.get(row.content_type, '')}"
    if row.status != AttachmentStatus.STORED:
        click.echo(f"{name} is {row.status}. {row.error}".rstrip(), err=True)
        return False
    if (folder / name).exists():
        click.echo(f"{folder / name} is there already.", err=True)
        return False
    try:
        content = open_attachment(rt, row.key, actor=actor(), reason=reason)
    except FileNotFoundError:
        click.echo(f"{name} is gone from where files are kept.", err=True)
        return False
    except Damaged:
        click.echo(f"{name} is damaged where files are kept.", err=True)
        return False
    with (folder / name).open("xb") as file:
        file.write(content)
    click.echo(str(folder / name))
    return True
