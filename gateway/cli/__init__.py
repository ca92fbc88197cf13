"""The `lapor` command. A command's module is imported when it is asked for: help is instant."""

from collections.abc import Callable
from importlib import import_module

import click

COMMANDS = {
    "send": ("talk:send", "Put one message through 1708 and print the replies."),
    "chat": ("talk:chat", "Talk to 1708 in this terminal."),
    "understand": ("understand:understand", "Say what texts mean: JSON lines in, JSON lines out."),
    "learn": ("learn:learn_command", "Learn category and agency from labelled examples."),
    "inbox": ("operate:inbox", "Messages that came in: list, show, replay."),
    "outbox": ("operate:outbox", "Replies on their way: list, show, replay."),
    "dead": ("operate:dead", "What needs a person: dead messages, failed and held replies."),
    "case": ("case:case", "A complaint: show it, hand it on, answer, archive, correct it."),
    "respond": ("respond:respond", "Answer a complaint as an agency; its reporter is told."),
    "import": ("exchange:import_complaints", "Take in complaints of a CSV or JSON lines file."),
    "export": ("exchange:export_complaints", "Write complaints as CSV or JSON lines."),
    "report": ("report:report", "What came in and what became of it: tables, CSV, JSON, paper."),
    "quarantine": ("quarantine:quarantine", "Requests without proof of origin: look, release."),
    "attachment": ("attachment:attachment", "Files that came with messages: save, fetch again."),
    "family": ("family:family", "Complaints that may be one matter: look, link, take apart."),
    "agency": ("agency:agency", "Agencies and units: import, list, show; check a catalogue."),
    "officer": ("officer:officer", "Officers of agencies: import, list."),
    "key": ("key:key", "Keys of programs for the API: create, list, rotate, revoke."),
    "subscription": ("subscription:subscription", "Programs that are told what happens."),
    "doctor": ("doctor:doctor", "Check this installation and say what to do."),
    "register": ("register:register", "Tell Telegram where its updates go, once."),
    "migrate": ("database:migrate", "Bring the database to the schema of this release."),
}
SILENT = {"understand"}  # nothing in it logs, so it need not wait for the library that does


class Lazy(click.Group):
    """A group whose help needs none of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's hook
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(f"gateway.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def cli(ctx: click.Context) -> None:
    """1708, the SMS, WhatsApp and Telegram intake of SP4N-LAPOR!.

    \b
    Try it:
      lapor send --channel sms --from +6281200000001 "Jalan rusak di Kec. Coblong Bandung"
      echo '{"id": 1, "text": "lampu jalan mati"}' | lapor understand
    Operate it:
      lapor doctor
      lapor dead list --older-than 2h
      lapor dead replay --all --reason "database was full" --dry-run

    `lapor COMMAND --help` explains a command. Exit code 0: done; 1: not done, and why;
    2: the command line or the configuration is wrong.
    """
    prepare: Callable[[], None] | None = ctx.obj
    if prepare and ctx.invoked_subcommand not in SILENT:
        prepare()


def main() -> None:
    """The installed command: log lines stay away, every command says itself what went wrong."""
    cli(prog_name="lapor", obj=_silence)


def _silence() -> None:
    import_module("gateway.logs").configure(level="critical")
