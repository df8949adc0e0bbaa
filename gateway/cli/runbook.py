"""`gateway runbook`."""

from __future__ import annotations

import click

from gateway.cli.output import emit, json_option, say, table


@click.command()
@click.argument("name", required=False)
@json_option
def runbook(name: str | None, as_json: bool) -> None:
    """What to do: the page that a message or an alert names. Without NAME, all pages."""
    from gateway.runbook import pages, read

    if name is None:
        if as_json:
            emit([{"name": one, "title": title} for one, title in pages().items()])
        else:
            table(("runbook", "about"), list(pages().items()))
        return
    text = read(name)
    if as_json:
        emit({"name": name, "title": pages()[name], "text": text})
    else:
        say(text.rstrip("\n"))
