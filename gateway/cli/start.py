"""`gateway init`."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.output import emit, json_option, say


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@json_option
@click.pass_obj
def init(session: object, directory: Path | None, as_json: bool) -> None:
    """Makes a home in DIRECTORY (or --home, or this folder). Overwrites nothing."""
    from gateway.home import KEY_FILE, Home

    target = directory or getattr(session, "home", None) or Path()
    home, made = Home.create(target)
    if as_json:
        emit({"home": str(home.path), "made": made})
        return
    for path in made:
        say(f"made {path}")
    if any(path.endswith(KEY_FILE) for path in made):
        say(
            "the key seals archive and backups, and whoever loses it loses both: "
            "keep a copy elsewhere (`gateway keys copy FILE`)"
        )
    say(f"{home.path} is a home" + ("" if made else " already; nothing was changed"))
    named = "" if home.path == Path.cwd() else f" --home {target}"
    say(f"next: describe a partner with `gateway{named} partners add NAME`, then `gateway{named} doctor`")
