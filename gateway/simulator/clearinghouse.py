"""The clearinghouse: it takes 837 files, says what it thinks of them (TA1, 999, first 277CA) and passes claims on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.simulator.acknowledgments import GroupAnswer, SetAnswer, blame
from gateway.simulator.book import Book, Case
from gateway.simulator.edi import Envelope, Group, Interchange, Segment, TransactionSet, value
from gateway.simulator.edits import first_finding
from gateway.simulator.received import Claim, ClaimSet, Party, read_claim_set
from gateway.simulator.scenario import Scenario, Subject
from gateway.simulator.status import ClaimStatus, StatusReport
from gateway.simulator.syntax import check_set, group_codes, interchange_note
from gateway.simulator.verdicts import StatusVerdict


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer that will lie in the folder from round `due` on; exactly one of the three contents is given.

    `tells` names the cases (by index) that it speaks of, with the state that it puts them in.
    """

    due: int
    kind: str  # TA1, 999 or 277CA
    envelope: Envelope
    stem: str
    isa: Segment = ()
    verdict: tuple[str, str] = ("", "")  # TA104, TA105
    ack: GroupAnswer | None = None
    reports: tuple[StatusReport, ...] = ()
    tells: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The claims of one 837 set that go on to the payers."""

    envelope: Envelope
    stem: str
    batch_id: str
    submitter: Party
    received: datetime
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What the clearinghouse makes of one file."""

    answers: tuple[Planned, ...] = ()
    forwarded: tuple[Forwarded, ...] = ()


@dataclass(frozen=True, slots=True)
class _Open:
    """One claim set under way, with the answers' envelope."""

    claims: ClaimSet
    cases: tuple[Case, ...]
    transaction: TransactionSet
    answer: SetAnswer


@dataclass(slots=True)
class Clearinghouse:
    """Holds the ordinals that rules may ask for, and the interchange numbers that it has seen."""

    scenario: Scenario
    book: Book
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    sets: int = 0
    claims: int = 0

    def take(
        self, interchanges: Sequence[Interchange], stem: str, file_ordinal: int, round_now: int, now: datetime
    ) -> Taken:
        """What the file is answered with, and what goes on. Registers its claims in the book."""
        visit = _Visit(self, stem, file_ordinal, round_now, now)
        for interchange in interchanges:
            visit.interchange(interchange)
        return Taken(tuple(visit.answers), tuple(visit.forwarded))

    def register(self, claim_set: ClaimSet, file_ordinal: int) -> tuple[Case, ...]:
        """New cases for the set's claims, each with its decision."""
        self.sets += 1
        cases = []
        for position, claim in enumerate(claim_set.claims, 1):
            self.claims += 1
            decision = self.scenario.decide(self._subject(claim, position, file_ordinal))
            cases.append(Case(self.claims, claim, decision))
            self.book.add(cases[-1])
        return tuple(cases)

    def _subject(self, claim: Claim, position: int, file_ordinal: int) -> Subject:
        return Subject(
            claim=claim.patient_control_number,
            payer=claim.payer.id,
            provider=claim.provider_key,
            kind=claim.kind,
            frequency=claim.frequency,
            charge=claim.charge,
            index=self.claims,
            set=self.sets,
            position=position,
            file=file_ordinal,
            submission=self.book.submissions(claim) + 1,
        )


class _Visit:
    """One file's way through the clearinghouse."""

    def __init__(self, house: Clearinghouse, stem: str, file_ordinal: int, round_now: int, now: datetime) -> None:
        self.answers: list[Planned] = []
        self.forwarded: list[Forwarded] = []
        self._house = house
        self._scenario = house.scenario
        self._stem = stem
        self._file = file_ordinal
        self._round = round_now
        self._now = now

    def interchange(self, interchange: Interchange) -> None:
        note = self._envelope_note(interchange)
        if note == "025":
            self._ta1(interchange, ("R", note), ())
            return
        opened = [(group, self._open(group, interchange)) for group in interchange.groups]
        cases = [case for _, sets in opened for item in sets for case in item.cases]
        wanted = next((case.decision.ta1 for case in cases if case.decision.ta1.verdict != "A"), None)
        verdict: tuple[str, str] = ("A" if note == "000" else "R", note)
        if wanted and note == "000":
            verdict = (wanted.verdict, wanted.note)
        self._ta1(interchange, verdict, cases, wanted.delay if wanted else None)
        if verdict[0] != "R":
            for group, sets in opened:
                self._group(interchange, group, sets)

    def _envelope_note(self, interchange: Interchange) -> str:
        options = self._scenario.options
        if options.usage and interchange.usage != options.usage:
            return "020"
        isa = interchange.header
        key = (value(isa, 6), value(isa, 8), interchange.number)
        if options.check_duplicates and key in self._house.seen:
            return "025"
        self._house.seen.add(key)
        return interchange_note(interchange)

    def _ta1(
        self, interchange: Interchange, verdict: tuple[str, str], cases: Iterable[Case], delay: int | None = None
    ) -> None:
        rejected = verdict[0] == "R"
        when = self._scenario.options.ta1_when
        if verdict[0] == "none" or when == "never" or (when == "rejected" and verdict[0] == "A"):
            return
        tells = tuple((case.index, "rejected_ta1") for case in cases) if rejected else ()
        self._plan(
            "TA1", delay, self._scenario.delays.ta1, interchange, isa=interchange.header, verdict=verdict, tells=tells
        )

    def _open(self, group: Group, interchange: Interchange) -> list[_Open]:
        opened: list[_Open] = []
        numbers: set[str] = set()
        for transaction in group.sets:
            claims = read_claim_set(transaction, interchange.delimiters, group.guide)
            answer = check_set(transaction, claims, frozenset(numbers))
            numbers.add(transaction.number)
            cases = self._house.register(claims, self._file)
            opened.append(_Open(claims, cases, transaction, answer))
        return opened

    def _group(self, interchange: Interchange, group: Group, opened: list[_Open]) -> None:
        codes = group_codes(group)
        judged = [replace(item, answer=self._judge(item, interchange)) for item in opened]
        answer = GroupAnswer(
            functional_id=group.functional_id,
            number=group.number,
            guide=group.guide,
            included=int(value(group.trailer, 1)) if value(group.trailer, 1).isdigit() else len(group.sets),
            received=len(group.sets),
            sets=() if codes else tuple(item.answer for item in judged),
            codes=codes,
            verdict="R" if codes else "",
        )
        self._ack(interchange, group, answer, judged)
        if not codes:
            self._status(interchange, group, [item for item in judged if item.answer.verdict != "R"])

    def _judge(self, item: _Open, interchange: Interchange) -> SetAnswer:
        """The set's verdict: by its structure, else as the scenario says for one of its claims."""
        if item.answer.verdict == "R":
            return item.answer
        blamed = [case for case in item.cases if case.decision.ack.verdict in {"reject", "errors"}]
        if not blamed:
            return item.answer
        rejected = any(case.decision.ack.verdict == "reject" for case in blamed)
        errors = tuple(blame(item.claims, case.claim, case.decision.ack, interchange.delimiters) for case in blamed)
        code = blamed[0].decision.ack.code
        return replace(item.answer, verdict="R" if rejected else "E", codes=(code,), errors=errors)

    def _ack(self, interchange: Interchange, group: Group, answer: GroupAnswer, judged: list[_Open]) -> None:
        verdicts = [case.decision.ack for item in judged for case in item.cases]
        when = self._scenario.options.ack_when
        clean = not answer.codes and all(item.verdict == "A" for item in answer.sets)
        if when == "never" or (when == "rejected" and clean) or any(item.verdict == "none" for item in verdicts):
            return
        tells = []
        for item in judged:
            rejected = bool(answer.codes) or item.answer.verdict == "R"
            tells += [(case.index, "rejected_999" if rejected else "accepted_999") for case in item.cases]
        delay = next((item.delay for item in verdicts if item.delay is not None), None)
        self._plan("999", delay, self._scenario.delays.ack, interchange, group, ack=answer, tells=tuple(tells))

    def _status(self, interchange: Interchange, group: Group, accepted: list[_Open]) -> None:
        reports: list[tuple[StatusReport, tuple[tuple[int, str], ...], int | None]] = []
        for item in accepted:
            statuses = tuple((case, self._verdict(case)) for case in item.cases)
            told = spread_rejections(statuses)
            heard = [(case, verdict) for case, verdict in told if verdict.verdict != "silent"]
            if heard:
                tells = tuple((case.index, _state(verdict)) for case, verdict in heard if not verdict.says_duplicate)
                delay = next((verdict.delay for _, verdict in heard if verdict.delay is not None), None)
                reports.append((self._report(item, heard), tells, delay))
            self._forward(interchange, group, item, [case for case, verdict in heard if verdict.goes_on])
        for batch in [reports] if self._scenario.options.one_status_file else [[report] for report in reports]:
            if batch:
                self._plan(
                    "277CA",
                    next((delay for _, _, delay in batch if delay is not None), None),
                    self._scenario.delays.clearinghouse,
                    interchange,
                    group,
                    reports=tuple(report for report, _, _ in batch),
                    tells=tuple(tell for _, tells, _ in batch for tell in tells),
                )

    def _verdict(self, case: Case) -> StatusVerdict:
        wanted = case.decision.clearinghouse
        if wanted.verdict in {"reject", "silent"} or not self._scenario.options.edits:
            return wanted
        return first_finding(case.claim, f"{self._now:%Y%m%d}") or wanted

    def _report(self, item: _Open, heard: list[tuple[Case, StatusVerdict]]) -> StatusReport:
        receiver = item.claims.receiver
        name = self._scenario.options.clearinghouse_name or receiver.name or "CLEARINGHOUSE"
        return StatusReport(
            hop="AY",
            source=Party(name=name, qualifier="46", id=receiver.id or "CLEARINGHOUSE"),
            submitter=item.claims.submitter,
            batch_id=item.claims.batch_id,
            received=self._now,
            claims=tuple(ClaimStatus(case.claim, verdict) for case, verdict in heard),
            category="A1",
            status="19",
        )

    def _forward(self, interchange: Interchange, group: Group, item: _Open, cases: list[Case]) -> None:
        if cases:
            self.forwarded.append(
                Forwarded(
                    envelope=self._envelope(interchange, group),
                    stem=self._stem,
                    batch_id=item.claims.batch_id,
                    submitter=item.claims.submitter,
                    received=self._now,
                    cases=tuple(cases),
                )
            )

    def _envelope(self, interchange: Interchange, group: Group | None) -> Envelope:
        return self._house_style(Envelope.answering(interchange, group))

    def _house_style(self, envelope: Envelope) -> Envelope:
        options = self._scenario.options
        delimiters = envelope.delimiters.of(options.delimiters) if options.delimiters else envelope.delimiters
        return replace(envelope, delimiters=delimiters, line_breaks=options.line_breaks)

    def _plan(
        self,
        kind: str,
        delay: int | None,
        usual: int,
        interchange: Interchange,
        group: Group | None = None,
        *,
        isa: Segment = (),
        verdict: tuple[str, str] = ("", ""),
        ack: GroupAnswer | None = None,
        reports: tuple[StatusReport, ...] = (),
        tells: tuple[tuple[int, str], ...] = (),
    ) -> None:
        due = self._round + (usual if delay is None else delay)
        envelope = self._envelope(interchange, group)
        self.answers.append(Planned(due, kind, envelope, self._stem, isa, verdict, ack, reports, tells))


def spread_rejections(statuses: Sequence[tuple[Case, StatusVerdict]]) -> list[tuple[Case, StatusVerdict]]:
    """A rejection at provider or receiver level stands at every claim that it covers."""
    whole = next((verdict for _, verdict in statuses if _rejects(verdict, "receiver")), None)
    if whole:
        return [(case, whole) for case, _ in statuses]
    providers = {case.claim.provider_key: verdict for case, verdict in statuses if _rejects(verdict, "provider")}
    return [(case, providers.get(case.claim.provider_key, verdict)) for case, verdict in statuses]


def _rejects(verdict: StatusVerdict, level: str) -> bool:
    return verdict.verdict == "reject" and verdict.level == level


def _state(verdict: StatusVerdict) -> str:
    return "rejected_clearinghouse" if verdict.verdict == "reject" else "accepted_clearinghouse"
