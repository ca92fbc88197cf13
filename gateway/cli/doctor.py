"""`lapor doctor`: is this installation well, and if not, what to do."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from gateway.cli.checks import Finding, Mark, examine, failed
from gateway.cli.configuration import BadConfig, read_settings
from gateway.cli.opening import explained
from gateway.cli.options import as_json
from gateway.cli.rows import print_json, printable
from gateway.runtime import open_runtime

COLOURS = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.FAILED: "red"}


@click.command()
@click.option("--offline", is_flag=True, help="Do not ask providers whether credentials work.")
@as_json
def doctor(*, offline: bool, as_json: bool) -> None:
    """Check configuration, database, queue, workers, clocks, disk and credentials.

    Exit code 1 if anything failed; warnings do not count.

    \b
    Example:
      lapor doctor --offline
    """
    worst = False
    for finding in _findings(offline):
        worst = worst or finding.mark is Mark.FAILED
        _print(finding, as_json=as_json)
    if worst:
        raise SystemExit(1)


def _findings(offline: bool) -> Iterator[Finding]:
    try:
        settings = read_settings()
    except BadConfig as error:
        for mistake in error.mistakes:
            yield failed(
                "configuration",
                mistake,
                "Correct this in config.yaml, the environment or the file named.",
            )
        return
    with explained(settings), open_runtime(settings) as rt:
        yield from examine(rt, offline=offline)


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(finding))
        return
    mark = click.style(finding.mark.ljust(8), fg=COLOURS[finding.mark], bold=True)
    click.echo(f"{mark} {finding.check.ljust(17)} {printable(finding.says)}")
    if finding.do:
        click.echo(f"{'':8} {'':17} -> {finding.do}")
