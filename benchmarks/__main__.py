"""`python -m benchmarks`: measures and prints a table; `--check` asserts that memory stays flat, in a few seconds."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measured import WorkFailed
from benchmarks.place import WORKERS
from benchmarks.plan import FAMILIES, measured
from benchmarks.table import Row, machine, ratios, table

SFTP = "sftp"  # asked for by name only: it needs OpenSSH, and has no number of claims


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.check:
            from benchmarks.flat import check
            from gateway.logs import configure

            configure(level="warning")
            return check(print)
        if SFTP in options.only:
            from benchmarks.sftp import compare

            print(f"{machine()}\n")
            for line in compare(_tell):
                print(line, flush=True)
            options.only.remove(SFTP)
            if not options.only:
                return 0
        rows = _rows(options)
    except WorkFailed as error:
        _tell(str(error))
        return 1
    print(f"{machine()}\n")
    print("\n".join(table(rows)))
    if compared := list(ratios(rows)):
        print("\n" + "\n".join(compared))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=[10_000, 100_000], help="claims, for example 1000,10000")
    parser.add_argument("--only", type=_families, default=list(FAMILIES), help=f"some of {','.join((*FAMILIES, SFTP))}")
    parser.add_argument("--workers", type=int, default=1, help="processes of a build; CPU time is that of the first")
    parser.add_argument("--postgresql", action="store_true", help="on a throwaway server, as the tests start one")
    parser.add_argument("--check", action="store_true", help="only whether memory stays flat, with few claims")
    return parser


def _sizes(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def _families(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - {*FAMILIES, SFTP}:
        raise argparse.ArgumentTypeError(f"no {', '.join(sorted(unknown))}; there are {', '.join((*FAMILIES, SFTP))}")
    return chosen


def _rows(options: argparse.Namespace) -> list[Row]:
    if options.postgresql:
        from benchmarks.server import throwaway_server

        with throwaway_server() as new_store:
            return _measured(options, new_store)
    return _measured(options, None)


def _measured(options: argparse.Namespace, new_store: Callable[[], str] | None) -> list[Row]:
    """Every row; with `new_store`, on a fresh database of a server for each size and plan."""

    def environment() -> dict[str, str]:
        return {WORKERS: str(options.workers), **({"GATEWAY_STORE_URL": new_store()} if new_store else {})}

    rows: list[Row] = []
    for claims in options.sizes:
        mark = " (PostgreSQL)" if new_store else ""
        with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as folder:
            found = measured(claims, options.only, Path(folder), _tell, environment=environment)
            rows += [Row(f"{work.label}{mark}", figures) for work, figures in found]
    return rows


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
