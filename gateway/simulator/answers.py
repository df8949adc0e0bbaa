"""From what was decided to the bytes of a file: control numbers, envelopes and names."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.simulator.acknowledgments import ACK_GUIDE, GroupAnswer, SetAnswer, ack_segments, ta1_segments
from gateway.simulator.clearinghouse import Planned
from gateway.simulator.counters import Counters
from gateway.simulator.edi import Body, Envelope, GroupToWrite, read_interchanges, write_interchange
from gateway.simulator.remittance import REMITTANCE_GUIDE, Remittance, remittance_segments
from gateway.simulator.scenario import Options
from gateway.simulator.status import STATUS_GUIDE, status_segments

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes whatever the day


@dataclass(frozen=True, slots=True)
class Answer:
    """A file for the folder from us. `tells` as in `Planned`."""

    kind: str  # TA1, 999, 277CA, 835 or report
    name: str
    content: bytes
    tells: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Writer:
    """Writes answers, numbering them as it goes."""

    options: Options
    numbers: Counters

    def planned(self, plan: Planned, now: datetime) -> Answer:
        """A TA1, 999 or 277CA."""
        if plan.kind == "TA1":
            content = self._interchange(plan.envelope, now, bare=ta1_segments(plan.isa, *plan.verdict))
            return Answer("TA1", self._name(self.options.ta1_name, plan.stem, now), content, plan.tells)
        if plan.kind == "999":
            assert plan.ack
            content = self._interchange(plan.envelope, now, self._group("FA", "999", ACK_GUIDE, ack_segments(plan.ack)))
            return Answer("999", self._name(self.options.ack_name, plan.stem, now), content, plan.tells)
        bodies = [status_segments(report, self._report_number(now), now) for report in plan.reports]
        content = self._interchange(plan.envelope, now, self._group("HN", "277", STATUS_GUIDE, *bodies))
        return Answer("277CA", self._name(self.options.status_name, plan.stem, now), content, plan.tells)

    def remittances(self, envelope: Envelope, remittances: Sequence[Remittance], now: datetime) -> Answer:
        """835s in one file."""
        bodies = [remittance_segments(item, now) for item in remittances]
        content = self._interchange(envelope, now, self._group("HP", "835", REMITTANCE_GUIDE, *bodies))
        return Answer("835", self._name(self.options.remittance_name, "", now), content)

    def foreign_ack(self, envelope: Envelope, now: datetime) -> Answer:
        """A 999 for a batch of another system."""
        sets = (SetAnswer("837", "9001", "005010X222A1", "A"),)
        answer = GroupAnswer("HC", "987654321", "005010X222A1", 1, 1, sets)
        content = self._interchange(envelope, now, self._group("FA", "999", ACK_GUIDE, ack_segments(answer)))
        return Answer("999", self._name(self.options.ack_name, "OTHER", now), content)

    def report(self, lines: Sequence[str], stem: str, now: datetime) -> Answer:
        """A text for people."""
        content = "\r\n".join((*lines, "")).encode("latin-1", errors="replace")
        return Answer("report", self._name(self.options.report_name, stem, now), content)

    def packed(self, answer: Answer) -> tuple[str, bytes]:
        """Name and bytes as they lie in the folder: an 835 packed where the options say so."""
        how = self.options.pack
        if answer.kind != "835" or not how:
            return answer.name, answer.content
        if how == "gzip":
            return f"{answer.name}.gz", gzip.compress(answer.content, mtime=0)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(answer.name, _ZIP_DATE), answer.content, zipfile.ZIP_DEFLATED)
        return f"{answer.name}.zip", buffer.getvalue()

    def again(self, answer: Answer, how: str, now: datetime) -> Answer:
        """The same answer once more: the same bytes, or its sets in a new envelope; always under a new name."""
        content = self._rewrapped(answer.content, now) if how == "rewrapped" else answer.content
        return Answer(answer.kind, f"{self._file_number()}_{answer.name.partition('_')[2]}", content)

    def _rewrapped(self, content: bytes, now: datetime) -> bytes:
        (interchange,) = read_interchanges(content)
        d = interchange.delimiters
        groups = []
        for group in interchange.groups:
            bodies = [
                [
                    [tuple(text.split(d.component)) if d.component in text else text for text in segment]
                    for segment in item
                ]
                for item in (item.segments[1:-1] for item in group.sets)
            ]
            groups.append(self._group(group.functional_id, group.sets[0].kind, group.guide, *bodies))
        back = Envelope.answering(interchange, interchange.groups[0] if interchange.groups else None)
        forth = Envelope(
            back.receiver, back.sender, back.receiver_qualifier, back.sender_qualifier, back.group_receiver,
            back.group_sender, back.usage, d, self.options.line_breaks,
        )  # fmt: skip
        bare = [] if groups else _bare_segments(content, d.segment, d.element)
        return self._interchange(forth, now, *groups, bare=bare)

    def _interchange(self, envelope: Envelope, now: datetime, *groups: GroupToWrite, bare: Body = ()) -> bytes:
        return write_interchange(envelope, self.numbers.next("interchange"), now, groups, bare)

    def _group(self, functional_id: str, kind: str, guide: str, *bodies: Body) -> GroupToWrite:
        return GroupToWrite(functional_id, kind, guide, self.numbers.next("group"), bodies)

    def _report_number(self, now: datetime) -> str:
        return f"{now:%Y%m%d}{self.numbers.next('report'):06d}"

    def _file_number(self) -> int:
        return self.numbers.next("file", start=100001)

    def _name(self, template: str, stem: str, now: datetime) -> str:
        return template.format(id=self._file_number(), stem=stem, date=f"{now:%Y%m%d}")


def _bare_segments(content: bytes, terminator: str, separator: str) -> list[list[str]]:
    """The TA1 segments of an interchange without groups."""
    texts = (text.strip() for text in content.decode("latin-1").split(terminator))
    return [text.split(separator) for text in texts if text.startswith("TA1")]
