"""`lapor … show`: one row with all its fields, and what it caused."""

import json
from collections.abc import Mapping

import click
from sqlmodel import Session

from gateway.cli.opening import actor, opened
from gateway.cli.options import Exemplary, Ref, RefParam, as_json, place
from gateway.cli.rows import Hidden, print_fields, print_json, rupiah
from gateway.cli.selection import Scope
from gateway.runtime import Runtime
from store import audit, operating
from store.models import Attachment, Complaint, InboxRow, Keyed, OutboxRow
from store.operating import Listed, Table, masked

PRIVATE: Mapping[Table, tuple[str, ...]] = {
    Table.INBOX: ("text", "extra", "message_ref"),  # Telegram's message_ref names the chat
    Table.OUTBOX: ("text", "extra"),
    Table.QUARANTINE: ("query", "headers", "body"),
}
PERSON = {Table.INBOX: "sender", Table.OUTBOX: "recipient"}
OF_A_COMPLAINT = ("tracking", "status", "kind", "category", "agency", "place", "deadline", "urgent")


@click.command(
    "show",
    cls=Exemplary,
    epilog="lapor {group} show {row}\n"
    'lapor {group} show {row} --reveal --reason "citizen asked, ticket 77"',
)
@click.argument("row", type=RefParam())
@click.option("--reveal", is_flag=True, help="Show text and number too; the audit log keeps it.")
@click.option("--reason", default="", help="Why you must see them.")
@as_json
@click.pass_obj
def show(scope: Scope, *, row: Ref, reveal: bool, reason: str, as_json: bool) -> None:
    """Show one row with all its fields and what it caused."""
    if reveal and not reason.strip():
        raise click.UsageError('--reveal needs --reason "...": it is kept in the audit log.')
    table, key = place(scope, row)
    with opened() as rt:
        fields, caused = _read(rt, table, key)
        if reveal:
            with rt.transaction() as session:
                audit.write(
                    session,
                    now=rt.now(),
                    actor=actor(),
                    action=f"{table.name.lower()}.reveal",
                    reason=reason,
                    detail={"ids": [key]},
                )
        shown = _without_secrets(fields, rt) if reveal else _hidden(fields, table)
        if as_json:
            print_json({"row": f"{table}-{key}", **shown, "caused": caused})
        else:
            more = {f"caused {name}": value for name, value in caused.items()}
            print_fields(shown | more, rt.settings.zone)


def _read(rt: Runtime, table: Table, key: int) -> tuple[dict[str, object], dict[str, object]]:
    with rt.reading() as session:
        row = operating.find(session, table, key)
        if row is None:
            raise click.ClickException(f"there is no row {table}-{key}.")
        fields = {name: getattr(row, name) for name in type(row).model_fields}
        return fields | _cost(rt, row), _caused(session, row)


def _cost(rt: Runtime, row: Keyed) -> dict[str, object]:
    price = rt.settings.outbox.price_per_segment
    if not isinstance(row, OutboxRow) or not row.segments or not price:
        return {}
    return {"cost": rupiah(row.segments * price)}


def _caused(session: Session, row: Keyed) -> dict[str, object]:
    if not isinstance(row, InboxRow):
        return {}
    found = operating.caused_by(session, row)
    return {
        "replies": [_reply(reply) for reply in found.replies],
        "complaint": _complaint(found.filed) if found.filed else None,
        "events": [f"{kind} of {tracking}" for tracking, kind in found.touched],
        "attachments": [_attachment(file) for file in found.attachments],
    }


def _reply(row: Listed) -> dict[str, object]:
    return {"row": row.ref, "status": row.status, "error": row.error}


def _attachment(file: Attachment) -> dict[str, object]:
    """Without its name, which the sender chose, and without its address."""
    return {"type": file.content_type, "status": file.status, "error": file.error}


def _complaint(complaint: Complaint) -> dict[str, object]:
    return {name: getattr(complaint, name) for name in OF_A_COMPLAINT}


def _hidden(fields: Mapping[str, object], table: Table) -> dict[str, object]:
    """The fields with personal ones masked, or only their length told."""
    shown = dict(fields)
    for name in PRIVATE[table]:
        value = shown[name]
        if value:
            text = value if isinstance(value, str) else json.dumps(value)
            shown[name] = Hidden(len(text))
    if table in PERSON:
        shown[PERSON[table]] = masked(str(shown[PERSON[table]]))
    return shown


def _without_secrets(fields: Mapping[str, object], rt: Runtime) -> dict[str, object]:
    """A refused request may carry a right secret all the same, from a wrong address."""
    given = rt.settings.secrets.model_dump().values()
    secrets = [secret.get_secret_value() for secret in given if secret]
    return {name: _blank(value, secrets) for name, value in fields.items()}


def _blank(value: object, secrets: list[str]) -> object:
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, "***")
            return value
        case dict():
            return {name: _blank(inner, secrets) for name, inner in value.items()}
    return value
