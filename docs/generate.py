"""Writes the pages of docs/reference/ that follow from the program: `make docs`.

Fields come from the guide tables, commands from the command line itself, checks, defaults and classes of adjustments
from the tables in mappings/, faults of the envelope from the reader. A test fails when a page is not what this writes.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from gateway.cli.root import gateway
from gateway.data import SHIPPED
from gateway.guides import BY_TYPE, guide, guide_for
from gateway.x12.faults import FAULTS
from gateway.x12.guide_page import PLACES, places
from gateway.x12.schema import field_reference

REFERENCE = Path(__file__).resolve().parent / "reference"
MADE = "<!-- Made by docs/generate.py (`make docs`). Changes here are lost. -->"
_ARTICLES = {"institutional": "an"}


def pages() -> dict[str, str]:
    """Every generated page by its name in docs/reference/."""
    found = {f"claim-{kind}.md": fields_page(kind) for kind in BY_TYPE}
    return found | {
        "remittance-835.md": remittance_page(),
        "acknowledgment-999.md": acknowledgment_page(),
        "commands.md": commands_page(),
        "edits.md": edits_page(),
        "defaults.md": defaults_page(),
        "adjustments.md": adjustments_page(),
        "faults.md": faults_page(),
        "second-opinion.md": second_opinion_page(),
    }


def _page(title: str, *paragraphs: str) -> Iterator[str]:
    yield from (f"# {title}", "", MADE, "")
    for paragraph in paragraphs:
        yield from (paragraph, "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    for row in rows:
        yield _row(row)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


# Fields


def fields_page(claim_type: str) -> str:
    """The fields of one type of claim, from its guide table."""
    title = f"Fields of {_ARTICLES.get(claim_type, 'a')} {claim_type} claim"
    intro = (
        "What a claim may hold, object by object. `where` is the loop, segment and element of the guide. "
        f"The same as a JSON Schema: `gateway claims schema`. What may be left out: [defaults](defaults.md). "
        f"The table behind this page: `mappings/guides/{BY_TYPE[claim_type]}.csv`."
    )
    body = field_reference(guide_for(claim_type)).splitlines()[1:]
    return _text([*_page(title, intro), *body])


def remittance_page() -> str:
    """What an 835 is checked for, from its guide table."""
    advice = guide("835")
    intro = (
        f"What a remittance advice ({advice.version}) is checked for by `gateway x12 validate`: each loop, segment and "
        "element, whether it must be there, how often it may be, and what may stand in it. The table behind this page: "
        "`mappings/guides/835.csv`."
    )
    door = (
        "Posting is not as strict. An advice with a fault of its guide is read and posted as long as its money "
        "balances and its claims can be told; a file that is to be refused or sent back is judged by `gateway x12 "
        "validate`. "
        "Where our verdict and that of pyx12 differ: [the second opinion](second-opinion.md)."
    )
    return _text([*_page("What an 835 must be like", intro, door), *_places("835")])


def acknowledgment_page() -> str:
    """What a 999 is checked for, from its guide table."""
    intro = (
        f"What an implementation acknowledgment ({guide('999').version}) is checked for by `gateway x12 validate`. The "
        "table behind this page: `mappings/guides/999.csv`. An answer that is not quite like this is read all the "
        "same, as far as its verdicts can be told."
    )
    return _text([*_page("What a 999 must be like", intro), *_places("999")])


def _places(kind: str) -> Iterator[str]:
    for title, rows in places(guide(kind)):
        yield from (f"## {title}", "", *_table(PLACES, rows))


# Commands


def commands_page() -> str:
    """Every command with its options, as click knows them."""
    intro = (
        "Data goes to standard output, everything else to standard error. `--json` gives one JSON document. "
        "What the numbers mean that a command leaves with: [exit codes](exit-codes.md)."
    )
    variables = (
        "Variables: `GATEWAY_HOME` names the home, `GATEWAY_STORE_URL` the store (before the line in `gateway.toml`), "
        "`GATEWAY_ACTOR` who decides (before the user of the operating system)."
    )
    context = click.Context(gateway, info_name="gateway")
    lines = [*_page("Commands", intro, variables), *_command(gateway, context)]
    return _text(lines)


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """A command and every command below it, in the order of its help."""
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, name
            yield from commands(inner, click.Context(inner, info_name=name, parent=context))


def _command(root: click.Command, context: click.Context) -> Iterator[str]:
    for command, place in commands(root, context):
        depth = "##" if isinstance(command, click.Group) or place.parent is context else "###"
        yield from (f"{depth} `{place.command_path}`", "")
        for paragraph in (command.help or "").split("\n\n"):
            is_list = paragraph.startswith("\b\n")  # click keeps its lines as they are
            words = paragraph.removeprefix("\b\n") if is_list else " ".join(paragraph.split())
            yield from (("```text", words, "```", "") if is_list else (words, ""))
        usage = " ".join(command.collect_usage_pieces(place))
        yield from ("```text", f"{place.command_path} {usage}", "```", "")
        options = [
            one for one in command.get_params(place) if isinstance(one, click.Option) and "--help" not in one.opts
        ]
        if options:
            yield from _table(("option", "what it does"), (_option(one, place) for one in options))


def _option(option: click.Option, place: click.Context) -> tuple[str, str]:
    names = [f"`{name}`" for name in (*option.opts, *option.secondary_opts)]
    value = "" if option.is_flag or option.count else f" `{option.make_metavar(place)}`"
    words = [option.help or ""]
    if option.required:
        words.append("Required.")
    if option.envvar:
        words.append(f"Also from the variable `{option.envvar}`.")
    default = option.get_default(place, call=False)
    if not option.is_flag and isinstance(default, (str, int, float)) and default != "":
        words.append(f"Without it: `{default}`.")
    return ", ".join(names) + value, " ".join(word for word in words if word)


# Tables


def _rows(table: str) -> list[dict[str, str]]:
    with (SHIPPED / "mappings" / table).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


def edits_page() -> str:
    """The checks before sending, from mappings/edits.csv."""
    intro = (
        "What is looked at before a claim is sent, beside the rules of its guide. An *error* holds the claim, a "
        "*warning* is only shown. *Release* says whether a person may send the claim in spite of it "
        "(`gateway claims release`). `…` stands for what was found."
    )
    own = (
        "A home may have a `mappings/edits.csv` of its own with the same columns. Its rows replace the shipped ones "
        "with the same code: another severity (`off` switches a check off), release or sentence."
    )
    rules = (
        "A finding whose code is not here comes from the guide table (`guide_…`), from the reader of the file "
        "(`x12_…`, `source_value`, `encoding` …), or says that no partner takes the payer (`no_partner`)."
    )
    rows = (
        (
            f"`{row['code']}`",
            "all" if row["types"] == "*" else row["types"],
            row["severity"],
            row["release"],
            row["says"].replace("{detail}", "…"),
            row["source"],
        )
        for row in _rows("edits.csv")
    )
    head = ("code", "claims", "severity", "release", "what it says", "where it comes from")
    return _text([*_page("Checks before sending", intro, own, rules), *_table(head, rows)])


def defaults_page() -> str:
    """What a producer of claims may leave out, from mappings/completion.csv."""
    intro = (
        "What stands for a field that a claim leaves out. What follows from the claim itself is filled in, too: line "
        "numbers in order, line control numbers (the line number), the types of the diagnoses (the first is the "
        "principal one), ICD codes without dots, amounts with two decimals. No amount is ever made up."
    )
    own = (
        "A home may have a `mappings/completion.csv` of its own, which stands instead of this table. A row with an "
        "empty value makes the field one that the producer must give."
    )
    rows = (
        (
            "all" if row["type"] == "*" else row["type"],
            f"`{row['field']}`",
            f"`{row['value']}`",
            _when(row["when"]),
            row["says"],
        )
        for row in _rows("completion.csv")
    )
    head = ("claims", "field", "value", "when it is absent", "because")
    return _text([*_page("Defaults", intro, own), *_table(head, rows)])


def _when(text: str) -> str:
    if text == "make":
        return "always"
    if text.startswith("no "):
        return f"and `{text.removeprefix('no ')}` is absent, too"
    return f"and `{text}`" if text else "and the object above it is there"


def adjustments_page() -> str:
    """What adjustment reasons mean for the money, from mappings/codes/."""
    intro = (
        "What a claim adjustment reason code of an 835 means for the money of a claim. The class decides under which "
        "word an amount is counted: see [states and money](states-and-money.md). Words and advice are our own."
    )
    order = (
        "Where a row has no class, the group decides, and where the line (for an adjustment of the whole claim, the "
        "claim) paid nothing and left nothing to the patient, the amount is *denied*. A row with a group or with "
        "filing indicators (CLP06) holds only for these. Where the payer did not know the patient (CLP02 4), every "
        "reason but 23 is *denied*. In group PR, what is neither denied nor open is the patient's."
    )
    own = (
        "A home may have a `mappings/codes/adjustment_classes.csv` and `adjustment_groups.csv` with the same columns; "
        "their rows replace those that they name. A posting keeps the class that it was given."
    )
    groups = ((f"`{row['group']}`", row["class"], row["label"]) for row in _rows("codes/adjustment_groups.csv"))
    codes = (
        (
            f"`{row['code']}`",
            row["group"],
            row["filing"],
            row["class"] or "by group",
            row["category"].replace("_", " "),
            row["label"],
            row["action"],
        )
        for row in _rows("codes/adjustment_classes.csv")
    )
    head = ("code", "group", "filing", "class", "category", "what it says", "what is usually done")
    return _text(
        [
            *_page("Adjustment reasons", intro, order, own),
            "## Groups",
            "",
            *_table(("group", "class", "what it says"), groups),
            "## Reasons",
            "",
            *_table(head, codes),
        ]
    )


def faults_page() -> str:
    """The faults of an envelope, from the reader."""
    intro = (
        "What can be wrong with the envelope of a file, and what counting shows of its content. The code stands in "
        "brackets behind the sentence wherever a fault is shown. The last three columns are the codes by which an "
        "acknowledgment names it (TA105, AK905, IK502)."
    )
    rows = (
        (
            f"`{one.code}`",
            one.severity,
            one.text.replace("{found}", "…").replace("{difference}", "…"),
            one.ta1,
            one.ak9,
            one.ik5,
        )
        for one in FAULTS.values()
    )
    head = ("code", "severity", "what it says", "TA1", "AK9", "IK5")
    return _text([*_page("Faults of the envelope", intro), *_table(head, rows)])


def second_opinion_page() -> str:
    """Where our verdict and that of pyx12 differ, from mappings/second_opinion.csv."""
    intro = (
        "Every 837 is checked by the guide tables of the gateway before it is sent, and that verdict decides; an 835 "
        "or 999 is checked by such a table in `gateway x12 validate`. A partner's profile may ask for pyx12 as a "
        "second opinion (`[delivery] second_opinion = true`); `gateway x12 "
        "validate --second-opinion FILE` asks it, too. The rows below are the kinds of findings that one of the two "
        "has and the other has not. What pyx12 finds of such a kind holds no claim; what it finds of another kind does."
    )
    how = (
        "The codes are those of a 999: `IK304-3` a required segment that is missing, `IK403-7` a code that is not in "
        "the guide; `pyx12-IK4-7` is the same said by pyx12. *Seen* says how often a kind was the "
        "first finding among 10,000 claims of all three types, each spoilt in one place, and of a row that is of the "
        "835 or 999 alone among 10,000 of these; 0 is rarer. A test spoils such files, asks both, and fails where "
        "they differ in a kind that is not here, or where a kind no longer occurs. For the 837D of today, which it "
        "lacks, pyx12 has a map that is made from our guide table (`mappings/pyx12/`, `make maps`)."
    )
    own = (
        "A home may have a `mappings/second_opinion.csv` of its own with the same columns; its rows are added. "
        "There `seen` and `example` may be empty."
    )
    rows = (
        (
            row["found_by"],
            row["guide"].replace("*", "all"),
            f"`{row['code']}`",
            row["segment"].replace("*", "any"),
            row["element"].replace("*", "any"),
            row["right"],
            row["why"],
            row["seen"],
        )
        for row in _rows("second_opinion.csv")
    )
    head = ("found by", "guide", "code", "segment", "element", "who is right", "why", "seen")
    return _text([*_page("The second opinion", intro, how, own), *_table(head, rows)])


def main() -> None:
    """Writes every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
