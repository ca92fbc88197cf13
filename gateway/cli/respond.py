"""`lapor respond`: an agency's answer to a complaint, told to its reporter."""

import click

from gateway.cli.case import Number, carry_out


@click.command(
    epilog='\b\nExample:\n  lapor respond 9165816 "Jalan sudah kami tambal." --as DINAS_PUPR@32.73'
)
@click.argument("tracking", type=Number)
@click.argument("text")
@click.option("--as", "agency", required=True, help="The code of the agency that has the case.")
def respond(*, tracking: int, text: str, agency: str) -> None:
    """Answer complaint TRACKING with TEXT. Its reporter gets the answer in full, and is asked
    whether that solved it. The same as `lapor case answer`."""
    if not text.strip():
        raise click.UsageError("the answer is empty.")
    carry_out("answer", tracking, lambda work: work.answer(agency, text.strip()))
