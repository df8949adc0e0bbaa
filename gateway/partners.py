"""Partner profiles: `sftp_config/NAME.toml`, read into frozen values with every fault named by file and key.

What partners vary is data (connection, folders, names, envelope, limits), so a new clearinghouse is a file. Secrets are
references (`env:NAME`, `file:PATH`, `command:LINE`) that only the transport resolves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from gateway.claims.crosswalk import NO_CROSSWALK, Crosswalk
from gateway.configuration import Written, read_toml
from gateway.enrolments import Enrolments, read_enrolments
from gateway.errors import UsageError
from gateway.habits import Answers
from gateway.sealing import Sealing, read_sealing
from gateway.timetable import Timetable
from gateway.timetable_file import read_timetable
from gateway.transport.algorithms import ALL_OLD
from gateway.transport.names import NameTemplate
from gateway.x12.values import Delimiters

CLAIM_TYPES = ("professional", "institutional", "dental")
USAGE = {"test": "T", "production": "P"}
_KINDS = {str: "text", int: "a whole number", bool: "true or false", list: "a list of text", dict: "a table"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """How ISA, GS and 1000B name both sides."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    receiver_name: str
    receiver_id: str  # 1000B NM109
    group_sender: str
    group_receiver: str
    authorization: tuple[str, str]  # ISA01, ISA02
    security: tuple[str, str] = field(repr=False)  # ISA03, ISA04
    delimiters: Delimiters = field(default_factory=Delimiters)

    @property
    def sides(self) -> tuple[str, str]:
        """Sender and receiver as `qualifier:id`, the key of control numbers."""
        return f"{self.sender_qualifier}:{self.sender}", f"{self.receiver_qualifier}:{self.receiver}"


@dataclass(frozen=True, slots=True)
class Submitter:
    """1000A: who submits."""

    name: str
    id: str
    contact: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Sftp:
    """The connection; key and password are references."""

    host: str
    port: int
    username: str
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    host_keys: tuple[str, ...] = ()
    timeout: float = 30.0
    keepalive: int = 15
    old_algorithms: tuple[str, ...] = ()  # what a server that knows no better may use


@dataclass(frozen=True, slots=True)
class Profile:
    """One partner."""

    name: str
    usage: str  # ISA15: "P" or "T"
    payers: tuple[str, ...]
    claim_types: tuple[str, ...]
    envelope: Envelope
    submitter: Submitter
    sftp: Sftp | None
    folder: str | None  # a local or mounted folder instead of SFTP
    send_folder: str
    receive_folder: str
    after_receive: str  # "keep", "delete" or "move:FOLDER"
    send_name: str
    test_mark: str = ""  # by which the partner knows test files, where it does by their names
    takes_files: bool = True
    upload: str = "rename"  # "rename" or "direct"
    second_opinion: bool = False  # whether pyx12 is asked about each file, too
    claims_per_set: int = 1000
    claims_per_file: int = 5000
    companions: tuple[str, ...] = ()  # names in mappings/companions
    answers: Answers = field(default_factory=Answers)
    timetable: Timetable = field(default_factory=Timetable)
    enrolments: Enrolments = field(default_factory=Enrolments)
    sealing: Sealing = field(default_factory=Sealing)

    def takes(self, payer_id: str, claim_type: str, crosswalk: Crosswalk = NO_CROSSWALK) -> bool:
        """Whether the payer is named here, by our id or by the partner's; "*" is asked last, by `route`."""
        if claim_type not in self.claim_types:
            return False
        if not crosswalk:
            return payer_id in self.payers
        return not crosswalk.understood(payer_id, self.name).isdisjoint(self.payers)


def route(
    profiles: Iterable[Profile], payer_id: str, claim_type: str, crosswalk: Crosswalk = NO_CROSSWALK
) -> Profile | None:
    """The partner that a payer's claims go to: the one that names it, else the one that takes all (`"*"`).

    None too where an id means one payer at one partner and another one at the next: then the claim does not say whose
    it is.
    """
    ordered = sorted(profiles, key=lambda profile: profile.name)
    named = [p for p in ordered if p.takes(payer_id, claim_type, crosswalk)]
    if named:
        return named[0] if len({crosswalk.own(payer_id, p.name) for p in named}) == 1 else None
    return next((p for p in ordered if p.takes("*", claim_type)), None)


def check_name(name: str) -> None:
    """UsageError where a partner cannot be called so."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r}: a partner's name has at most 64 letters, digits, '-' and '_'")


def load_profile(path: Path, home: Path | None = None) -> Profile:
    """Reads one profile; UsageError names the file, the line and the key. `home` may hold calendars of holidays."""
    if not _NAME.fullmatch(path.stem):
        raise UsageError(f"{path}: a partner's name has at most 64 letters, digits, '-' and '_'; rename the file")
    return _Reader(read_toml(path)).profile(home)


def check_profiles(profiles: Mapping[str, Profile], crosswalk: Crosswalk = NO_CROSSWALK) -> None:
    """Refuses two partners that claim the same payer for the same type of claim, by whichever of its ids."""
    seen: dict[tuple[str, str], str] = {}
    for profile in sorted(profiles.values(), key=lambda p: p.name):
        for claim_type in profile.claim_types:
            for payer in profile.payers:
                payer_id = crosswalk.resolve(payer, profile.name) if payer != "*" else payer
                other = seen.setdefault((payer_id, claim_type), profile.name)
                if other != profile.name:
                    raise UsageError(
                        f"sftp_config/{profile.name}.toml: payer {payer!r} for {claim_type} claims "
                        f"is also named by sftp_config/{other}.toml; only one partner can take it"
                    )


class _Reader:
    """Takes keys out of the tables of a profile, so that what is left over is a typo."""

    def __init__(self, written: Written) -> None:
        self.written, self.path, self.data = written, written.path, written.data

    def fail(self, key: str, reason: str) -> UsageError:
        """The error of a key, given as "[table] key"."""
        table, _, name = key.partition("] ")
        return self.written.fault(table.strip("[]"), name, reason)

    def take(self, table: str, key: str, kind: type, default: Any = ...) -> Any:
        found = self.data.get(table, {})
        if not isinstance(found, dict):
            raise self.fail(f"[{table}]", "must be a table")
        value = found.pop(key, default)
        if value is ...:
            raise self.fail(f"[{table}] {key}", "is missing")
        if value is not default and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise self.fail(f"[{table}] {key}", f"must be {_KINDS[kind]}")
        return value

    def text(self, table: str, key: str, default: str | None = None, *, at_most: int = 1000) -> str:
        value: str = self.take(table, key, str, ... if default is None else default)
        if default is None and not value.strip():
            raise self.fail(f"[{table}] {key}", "is empty")
        if len(value) > at_most:
            raise self.fail(f"[{table}] {key}", f"is longer than {at_most} characters")
        return value

    def choice(self, table: str, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        value = self.text(table, key, default)
        if value not in (names := list(allowed)):
            raise self.fail(f"[{table}] {key}", f"must be one of {', '.join(names)}")
        return value

    def texts(self, table: str, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        value = self.take(table, key, list, ... if default is None else default)
        if not all(isinstance(item, str) for item in value):
            raise self.fail(f"[{table}] {key}", "must be a list of text")
        return tuple(value)

    def count(self, table: str, key: str, default: int, at_most: int, *, at_least: int = 1) -> int:
        value: int = self.take(table, key, int, default)
        if not at_least <= value <= at_most:
            raise self.fail(f"[{table}] {key}", f"must lie between {at_least} and {at_most}")
        return value

    def answers(self) -> Answers:
        said = self.take("answers", "payer_remittance_days", dict, {})
        for payer, days in said.items():
            if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= 3650:
                raise self.fail("[answers] payer_remittance_days", f"{payer}: must be a number of days up to 3650")
        return Answers(
            ack_hours=self.count("answers", "ack_hours", 24, 8760, at_least=0),
            status_hours=self.count("answers", "status_hours", 48, 8760, at_least=0),
            remittance_days=self.count("answers", "remittance_days", 30, 3650, at_least=0),
            payer_remittance_days=said,
        )

    def side(self, key: str) -> tuple[str, str]:
        qualifier, colon, identifier = self.text("envelope", key).partition(":")
        if not colon or len(qualifier) != 2 or not 1 <= len(identifier) <= 15:
            raise self.fail(f"[envelope] {key}", 'must be "QUALIFIER:ID" with 2 and at most 15 characters')
        return qualifier, identifier

    def pair(self, key: str) -> tuple[str, str]:
        qualifier, _, value = self.text("envelope", key, "00:").partition(":")
        if len(qualifier) != 2 or len(value) > 10:
            raise self.fail(f"[envelope] {key}", 'must be "QUALIFIER:VALUE" with 2 and at most 10 characters')
        return qualifier, value

    def delimiters(self) -> Delimiters:
        value = self.text("envelope", "delimiters", "*:^~")
        if len(value) != 4 or len(set(value)) != 4 or any(c.isalnum() or c == " " or not c.isascii() for c in value):
            raise self.fail(
                "[envelope] delimiters", "must be four different signs: element, component, repetition, segment"
            )
        return Delimiters(*value)

    def envelope(self) -> Envelope:
        (sender_qualifier, sender), (receiver_qualifier, receiver) = self.side("sender"), self.side("receiver")
        return Envelope(
            sender_qualifier=sender_qualifier,
            sender=sender,
            receiver_qualifier=receiver_qualifier,
            receiver=receiver,
            receiver_name=self.text("envelope", "receiver_name", at_most=60),
            receiver_id=self.text("envelope", "receiver_id", receiver, at_most=80),
            group_sender=self.text("envelope", "group_sender", sender, at_most=15),
            group_receiver=self.text("envelope", "group_receiver", receiver, at_most=15),
            authorization=self.pair("authorization"),
            security=self.pair("security"),
            delimiters=self.delimiters(),
        )

    def submitter(self) -> Submitter:
        made = Submitter(
            name=self.text("submitter", "name", at_most=60),
            id=self.text("submitter", "id", at_most=80),
            contact=self.text("submitter", "contact", at_most=60),
            phone=self.text("submitter", "phone", "", at_most=50),
            email=self.text("submitter", "email", "", at_most=50),
        )
        if not made.phone and not made.email:
            raise self.fail("[submitter]", "needs a phone or an email")
        return made

    def sftp(self) -> Sftp | None:
        if "sftp" not in self.data:
            return None
        made = Sftp(
            host=self.text("sftp", "host"),
            port=self.count("sftp", "port", 22, 65535),
            username=self.text("sftp", "username"),
            private_key=self.reference("private_key"),
            passphrase=self.reference("passphrase"),
            password=self.reference("password"),
            host_keys=self.texts("sftp", "host_keys", []),
            timeout=float(self.count("sftp", "timeout", 30, 3600)),
            keepalive=self.count("sftp", "keepalive", 15, 3600),
            old_algorithms=self.old_algorithms(),
        )
        if not made.private_key and not made.password:
            raise self.fail("[sftp]", "needs a private_key or a password")
        return made

    def old_algorithms(self) -> tuple[str, ...]:
        value = self.texts("sftp", "old_algorithms", [])
        if unknown := [name for name in value if name not in ALL_OLD]:
            raise self.fail(
                "[sftp] old_algorithms", f"{unknown[0]!r} cannot be allowed; these can: {', '.join(ALL_OLD)}"
            )
        return value

    def reference(self, key: str, table: str = "sftp") -> str:
        value = self.text(table, key, "")
        if value and not re.match(r"(env|file|command):.", value):
            raise self.fail(f"[{table}] {key}", 'must be a reference: "env:NAME", "file:PATH" or "command:LINE"')
        return value

    def after_receive(self) -> str:
        value = self.text("folders", "after_receive", "keep")
        if value not in ("keep", "delete") and not re.match(r"move:.", value):
            raise self.fail("[folders] after_receive", 'must be "keep", "delete" or "move:FOLDER"')
        return value

    def send_name(self, mark: str, *, is_test: bool) -> str:
        value = self.text("files", "send_name", "{batch}_{icn}.txt", at_most=100)
        try:
            NameTemplate.parse(value)
        except UsageError as error:
            raise self.fail("[files] send_name", str(error)) from None
        if mark and (mark in value) != is_test:
            must = "must hold" if is_test else "must not hold"
            raise self.fail("[files] send_name", f"{must} the test mark {mark!r}")
        return value

    def claim_types(self) -> tuple[str, ...]:
        value = self.texts("partner", "claim_types", ["professional"])
        if not value or set(value) - set(CLAIM_TYPES):
            raise self.fail("[partner] claim_types", f"must list some of {', '.join(CLAIM_TYPES)}")
        return value

    def profile(self, home: Path | None = None) -> Profile:
        """The whole profile; whatever key is left then is unknown and refused."""
        usage = USAGE[self.choice("partner", "usage", USAGE)]
        mark = self.text("files", "test_mark", "", at_most=40)
        made = Profile(
            name=self.path.stem,
            usage=usage,
            payers=self.texts("partner", "payers"),
            claim_types=self.claim_types(),
            envelope=self.envelope(),
            submitter=self.submitter(),
            sftp=self.sftp(),
            folder=self.text("folder", "path") if "folder" in self.data else None,
            send_folder=self.text("folders", "send", "."),
            receive_folder=self.text("folders", "receive", "."),
            after_receive=self.after_receive(),
            send_name=self.send_name(mark, is_test=usage == "T"),
            test_mark=mark,
            takes_files=self.take("delivery", "partner_takes_files", bool, True),
            upload=self.choice("delivery", "upload", ("rename", "direct"), "rename"),
            second_opinion=self.take("delivery", "second_opinion", bool, False),
            claims_per_set=self.count("limits", "claims_per_set", 1000, 5000),
            claims_per_file=self.count("limits", "claims_per_file", 5000, 1_000_000),
            companions=self.texts("partner", "companions", []),
            answers=self.answers(),
            timetable=read_timetable(self, home),
            sealing=read_sealing(self.reference, armor=self.take("pgp", "armor", bool, True)),
            enrolments=read_enrolments(self.data.pop("enrolments", []), self.fail),
        )
        if (made.sftp is None) == (made.folder is None):
            raise UsageError(f"{self.path}: [sftp] or [folder]: one of the two must be there, and only one")
        self.refuse_rest()
        self.refuse_unwritable(made)
        return made

    def refuse_unwritable(self, made: Profile) -> None:
        """What stands in every file that is sent must be writable there: plain characters, and no delimiter."""
        delimiters = "".join(made.envelope.delimiters)
        for table, values in (("envelope", made.envelope), ("submitter", made.submitter)):
            for one in fields(values):
                value = getattr(values, one.name)
                if isinstance(value, str) and one.name not in ("sender_qualifier", "receiver_qualifier"):
                    self.refuse_signs(f"[{table}] {one.name}", value, delimiters)
        for key in ("sender", "receiver"):
            self.refuse_signs(f"[envelope] {key}", getattr(made.envelope, f"{key}_qualifier"), delimiters)
        for key in ("authorization", "security"):
            self.refuse_signs(f"[envelope] {key}", "".join(getattr(made.envelope, key)), delimiters)

    def refuse_signs(self, key: str, value: str, delimiters: str) -> None:
        if not value.isascii() or not value.isprintable() or set(value) & set(delimiters):
            signs = " ".join(delimiters) if delimiters.isprintable() else "the delimiters"
            raise self.fail(key, f"must be plain letters, digits and signs, without {signs}")
        if value and not value.strip():
            raise self.fail(key, "is blank")

    def refuse_rest(self) -> None:
        known = [
            "partner",
            "envelope",
            "submitter",
            "sftp",
            "folder",
            "folders",
            "files",
            "delivery",
            "limits",
            "answers",
            "schedule",
            "pgp",
        ]
        for table, rest in self.data.items():
            if table not in known:
                raise self.fail(f"[{table}]", f"is not a table of a profile; known are {', '.join(known)}")
            if rest:
                raise self.fail(f"[{table}] {next(iter(rest))}", "is not a key of a profile")
