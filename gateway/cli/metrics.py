"""`gateway metrics`."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.files import write_file
from gateway.cli.output import emit, json_option, write_out
from gateway.cli.root import Session


@click.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Into this file, put in place whole.")
@json_option
@click.pass_obj
def metrics(session: Session, output: Path | None, as_json: bool) -> None:
    """Counts, ages and sums once, as Prometheus reads them: for the node exporter's textfile collector."""
    from gateway.exchange.measures import measure
    from gateway.exposition import as_text

    found = measure(session.app)
    if as_json:
        emit([one.document() for one in found])
    elif output is None:
        write_out(as_text(found).decode())
    else:
        write_file(output, lambda out: out.write(as_text(found)), over=True)
        output.chmod(0o644)  # the collector is another user; nothing in it is a patient's
