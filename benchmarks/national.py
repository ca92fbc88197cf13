"""`python -m benchmarks.national`: the model that is shipped beside the national catalogue.

It learns from store/seed/catalogue/examples.csv, and its scores are made on the tuning half of
our corpus, which teaches it nothing. Run it after every change of the catalogue.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import click

from benchmarks.evaluation import corpus
from gateway.reading import build_reader
from gateway.settings import ROOT, load
from parsers.understanding import Kind
from store.catalogue import DEFAULT, default_catalogue
from store.learning.examples import Example, read_examples
from store.learning.model_files import Deployment, Learnt, save
from store.learning.training import learn

EXAMPLES = DEFAULT / "examples.csv"
# Chosen from the curves of benchmarks/eval.md: the tuning half is too small to prove them.
SURE_FROM = {"kind": 0.86, "category": 0.85, "agency": 0.8}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Learn the national model anew; takes about a minute."""
    began, catalogue = time.monotonic(), default_catalogue()
    examples = read_examples(EXAMPLES, catalogue)
    if examples.problems:
        raise click.ClickException("\n".join(examples.problems))
    settings = load(ROOT / "config.yaml", {})
    reader = build_reader(settings, Deployment(catalogue), learning=True)
    judged = list(_judged())
    learnt = learn(examples.rows, reader.understander.see, click.echo, judged_on=judged)
    fields = [replace(field, sure_from=SURE_FROM[field.name]) for field in learnt.model.fields]
    learnt.model.fields = fields
    folder = save(DEFAULT, catalogue, Learnt(learnt.model, learnt.reports), when=datetime.now(UTC))
    for name, one in learnt.reports.items():
        click.echo(f"{name}: {one.examples} examples, {one.judged_accuracy:.1%} right elsewhere")
    click.echo(f"Kept in {folder.relative_to(ROOT)} after {time.monotonic() - began:.0f} s.")


def _judged() -> Iterator[Example]:
    for case in corpus.load("tune"):
        if case.kind != Kind.COMMAND:
            agency = (case.agency or "").partition("@")[0]
            yield Example(
                text=case.text, kind=case.kind, category=case.category or "", agency=agency
            )


if __name__ == "__main__":
    main()
