"""`gateway companions`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import counted, emit, json_option, note, progress, say, table
from gateway.cli.report import day
from gateway.cli.root import Group, Session
from gateway.errors import UsageError
from gateway.runbook import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gateway.claims.companions import Companion, Rule
    from gateway.exchange.companion_rules import Known

Document = dict[str, Any]


@click.group(cls=Group)
def companions() -> None:
    """What partners and payers want otherwise than the guides: the rules in mappings/companions/."""


def _known(session: Session) -> list[Known]:
    from gateway.exchange.companion_rules import known_companions
    from gateway.home import Home

    home = Home.open(session.home)
    return known_companions(home.path, home.profiles)


@companions.command("list")
@json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """The companions of this home and the shipped ones, and for whom each is in force."""
    found = _known(session)
    if as_json:
        emit([_listed(one) for one in found])
    else:
        rows = [(d["name"], d["from"], d["in_force"], d["rules"], d["says"]) for d in map(_listed, found)]
        table(("companion", "from", "in force for", "rules", "what it is"), rows, right=("rules",))
        for fault in (fault for one in found for fault in one.faults):
            note(named(f"gateway: {fault}", "wrong-usage"))
    sys.exit(2 if any(one.faults for one in found) else 0)


def _listed(one: Known) -> Document:
    from gateway.exchange.companion_rules import is_shipped

    in_force = "its payers" if one.is_everywhere else ", ".join(one.partners)
    return {
        "name": one.name,
        "from": "gateway" if is_shipped(one.path) else "home",
        "in_force": in_force,
        "partners": list(one.partners),
        "rules": len(one.companion.rules) if one.companion else 0,
        "says": one.companion.says if one.companion else "cannot be used",
        "faults": list(one.faults),
    }


@companions.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """One companion: whose claims it is for, how it cuts sets and files, and its rules with their sources."""
    found = {one.name: one for one in _known(session)}
    if name not in found:
        raise UsageError(f"there is no {name!r} in mappings/companions; known are {', '.join(found)}")
    _end_with(found[name].faults)
    companion = found[name].companion
    assert companion is not None
    document = {**_listed(found[name]), **_document(companion)}
    if as_json:
        emit(document)
        return
    say(f"{name}: {companion.says}")
    say(f"file: {found[name].path}")
    say(f"in force for: {document['in_force'] or 'nobody; name it in a profile: [partner] companions'}")
    for key, value in {**document["applies"], **document["limits"]}.items():
        if value:
            shown = " ".join(value) if isinstance(value, list) else "yes" if value is True else value
            say(f"{key.replace('_', ' ')}: {shown}")
    rows = [(one["code"], one["kind"], one["field"], one["severity"], one["says"]) for one in document["rules"]]
    table(("code", "kind", "field", "severity", "what it says"), rows, empty="no rules")
    for source in dict.fromkeys(one["source"] for one in document["rules"]):
        say(f"source: {source}")


def _document(companion: Companion) -> Document:
    applies = companion.applies
    return {
        "source": companion.source,
        "applies": {
            "payers": sorted(applies.payers),
            "claim_types": sorted(applies.types),
            "filing_indicators": sorted(applies.filing_indicators),
        },
        "limits": companion.limits._asdict(),
        "rules": [_rule(one) for one in companion.rules],
    }


def _rule(rule: Rule) -> Document:
    is_change = rule.kind in ("replaced", "reformatted")
    return {
        "code": rule.code,
        "kind": rule.kind,
        "field": rule.path.text if rule.path else "",
        "severity": "" if is_change else rule.severity,
        "release": rule.releasable,
        "claim_types": sorted(rule.types),
        "says": rule.says,
        "source": rule.source,
    }


@companions.command("try")
@click.argument("file", metavar="FILE")
@click.option("--partner", default="", help="Only claims that go to this partner.")
@click.option("--since", callback=day, help="Claims first imported on or after this day.")
@click.option("--state", default="", help="Only claims in this state, for example ready or denied.")
@json_option
@click.pass_obj
def try_(session: Session, file: str, partner: str, since: str, state: str, as_json: bool) -> None:
    """Looks at stored claims by a companion not yet in force: what would be held, what changed. Changes nothing.

    FILE is a companion anywhere, or the name of a known one.
    """
    from gateway.claims.life import STATES
    from gateway.exchange.trying import try_companion

    if state and state not in STATES:
        raise UsageError(f"{state!r} is not a state; states are {', '.join(sorted(STATES))}")
    companion = _wanted(session, file)
    with progress(companion.name) as step:
        trial = try_companion(session.app, companion, partner=partner, state=state, since=since, progress=step)
    document = {"file": file, **trial.document()}
    if as_json:
        emit(document)
    else:
        _show_trial(document)


def _wanted(session: Session, file: str) -> Companion:
    from gateway.claims.companion_tables import CompanionFaults
    from gateway.data import listing
    from gateway.exchange.companion_rules import FOLDER, base_edits, read_companion
    from gateway.home import Home

    home = Home.open(session.home).path
    known, path = listing(FOLDER, ".toml", home), Path(file)
    if not path.is_file() and file in known:
        path = known[file]
    try:
        return read_companion(path, path.stem, base_edits(home))
    except CompanionFaults as error:
        _end_with(error.faults)
        raise


def _end_with(faults: tuple[str, ...]) -> None:
    """Every fault of a file on a line of its own, and exit code 2."""
    for fault in faults:
        note(named(f"gateway: {fault}", "wrong-usage"))
    if faults:
        sys.exit(2)


_WORDS = {
    "held": "would be held",
    "let_through": "would not be held any more for what the edits or the guide find",
    "changed": "would be written otherwise",
    "warned": "would only get a warning",
}


def _show_trial(document: Document) -> None:
    say(f"{document['companion']}: is for {document['applies']:,} of {counted(document['claims'], 'claim')}")
    for kind, words in _WORDS.items():
        say(f"  {document[kind]:,} {words}")
    rows = [(one["code"], one["kind"], one["claims"], one["says"]) for one in document["rules"]]
    table(("rule", "kind", "claims", "what it says"), rows, right=("claims",), empty="no rules")
    for one in document["first"]:
        say(f"{one['patient_control_number']} ({one['state']}): {', '.join(one['outcome'])}")
        for finding in one["findings"]:
            say(f"  {finding['severity']}: {finding['field']}: {finding['text']} [{finding['code']}]")
        for finding in one["let_through"]:
            say(f"  no longer: {finding['field']}: {finding['text']} [{finding['code']}]")
        for change in one["changes"]:
            say(f"  {change['field']}: {change['before'] or '(none)'} → {change['after'] or '(none)'}")
