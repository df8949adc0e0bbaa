"""A streaming reader of X12: interchanges, functional groups and transaction sets as they stand in a file.

Pull it: `for item in reader.items()`, and where the item is a TransactionSet, `for segment in item`. Memory does not
grow with the file. Bad data is never an exception: every fault is an Issue with its position, in the list of the set
that it concerns, else in the reader's own. What can be read is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from operator import length_hint
from typing import BinaryIO, NamedTuple

from gateway.x12 import faults
from gateway.x12.block import Block
from gateway.x12.envelope import (
    SeenNumbers,
    acknowledgment_of,
    count_differs,
    element,
    group_faults,
    group_of,
    interchange_faults,
    interchange_of,
    key_of,
    kind_by_content,
    kind_of,
    numbers_differ,
    set_faults,
)
from gateway.x12.faults import Fault, FaultList
from gateway.x12.issues import Issue
from gateway.x12.tokenizer import NewInterchange, Note, Tokenizer, TooLong
from gateway.x12.values import Delimiters, Group, Interchange, InterchangeAck, Segment


class Where(NamedTuple):
    """The place of a segment in the file."""

    ordinal: int
    offset: int | None
    segment_id: str = ""


class TransactionSet:
    """ST … SE while it is read. Iterate once; faults are complete then, or once the reader went on to the next item."""

    def __init__(self, reader: Reader, segment: Segment, number: int, ordinal: int, offset: int) -> None:
        self.code = element(segment, 1)  # ST01
        self.control_number = element(segment, 2)  # ST02
        self.interchange: Interchange | None = reader.interchange
        self.group: Group | None = reader.group
        # ST03 or, where absent, GS08
        self.version = element(segment, 3) or (self.group.version if self.group else "")
        self.delimiters = reader.delimiters
        self.number = number  # ordinal of the set in the file, from 1
        self.first_segment = ordinal  # of its ST in the file, from 1
        self.offset = offset  # byte offset of ST
        self.closed = False  # SE seen
        self.finished = False  # nothing more comes
        self.kind, self._is_sure = kind_of(self.code, self.version)
        self._faults = FaultList()
        self._reader = reader
        self._total = 0  # segments counted, those of the current run included
        self._block: Block | None = None  # of the current run
        self._run_end = 0  # index in the block behind the current run
        self._cursor: Iterator[str] = iter(())  # over what is left of the current run
        self._last_offset = offset
        self._position = 0
        self._is_passed = False  # the reader went on
        self._runs = self._read()
        self._segments = chain.from_iterable(self._split())

    @property
    def issues(self) -> list[Issue]:
        """The faults of this set in the order of their finding; complete once it is read to its end."""
        return self._faults.issues

    @property
    def segments_read(self) -> int:
        """How many segments of the set were counted: up to the last one yielded, in the end all, skipped ones too."""
        return self._total if self.finished else self.position

    @property
    def position(self) -> int:
        """The ordinal in the set of the segment last yielded, ST = 1; 0 before."""
        return self._position if self._block is None else self._total - length_hint(self._cursor)

    @property
    def offset_of_last(self) -> int:
        """The byte offset in the file of the segment last yielded."""
        if self._block is None:
            return self._last_offset
        return self._block.offset(self._run_end - length_hint(self._cursor) - 1)

    def __iter__(self) -> Iterator[Segment]:
        return self._segments

    def texts(self) -> Iterator[list[str]]:
        """In place of iterating: the segments unsplit, a run at a time, for who reads a set to its end."""
        for pieces, _ in self._runs:
            yield pieces

    def add(self, issue: Issue, limit: int = 100) -> None:
        """Keep a fault that someone else found in this set, at most `limit` of its code."""
        self._faults.append(issue, limit)

    def _split(self) -> Iterator[Iterator[Segment]]:
        """Runs of segments, each an iterator that splits as it goes: the hot loop runs no Python code of ours."""
        for pieces, separator in self._runs:
            self._cursor = iter(pieces)
            yield map(str.split, self._cursor, repeat(separator))

    def _read(self) -> Iterator[tuple[list[str], str]]:
        """Runs of segments, each with its separator."""
        while (run := self._reader._run(self)) is not None:
            block, start, stop = run
            pieces = block.pieces[start:stop]
            if not self._is_sure and (kind := kind_by_content(self.code, pieces, block.separator)):
                self.kind, self._is_sure = kind, True
            self._total += len(pieces)
            self._block, self._run_end = (None if self._is_passed else block), stop
            yield pieces, block.separator
            self._freeze()
            self._reader._ran(self, pieces[-1], block, stop - 1)

    def _freeze(self) -> None:
        """Let go of the block, which is large, and keep where the last yielded segment was."""
        if self._block is not None:
            self._last_offset, self._position = self.offset_of_last, self.position
            self._block = None

    def _pass(self) -> None:
        """Count and check what was not iterated; who iterates later finds nothing."""
        self._freeze()
        self._is_passed = True
        for _ in self._cursor:
            pass
        for _ in self._runs:
            pass


class Reader:
    """Reads one stream of bytes, opened by the caller.

    `chunk_size`: bytes asked of the stream at a time. `max_segment`: bytes; a longer segment is a fault and is skipped.
    """

    def __init__(self, stream: BinaryIO, *, chunk_size: int = 1 << 18, max_segment: int = 1 << 20) -> None:
        self.interchange: Interchange | None = None  # the one that is open
        self.group: Group | None = None  # the one that is open
        self.sets = 0  # transaction sets begun so far
        self._faults = FaultList()
        self._tokenizer = Tokenizer(stream, chunk_size, max_segment)
        self._tokens = self._tokenizer.tokens()
        self._token: NewInterchange | TooLong | Block | None = None
        self._at = 0  # index in the current block of the next segment
        self._mark = 0  # index in the marks of the current block of the next one not behind _at
        self._before = 0  # segments of the file before the current block
        self._open: TransactionSet | None = None
        self._is_headless = False  # no ISA so far
        self._groups = self._acknowledgments = self._sets_in_group = 0
        self._seen_interchanges, self._seen_groups, self._seen_sets = SeenNumbers(), SeenNumbers(), SeenNumbers()

    @property
    def issues(self) -> list[Issue]:
        """The faults of the file, its interchanges and its groups so far."""
        return self._faults.issues

    @property
    def delimiters(self) -> Delimiters:
        """The delimiters that hold where the reader stands."""
        return self._tokenizer.delimiters

    @property
    def segments(self) -> int:
        """How many segments of the file were passed, envelopes too."""
        return self._before + (self._at if isinstance(self._token, Block) else 0)

    def items(self) -> Iterator[Interchange | Group | TransactionSet | InterchangeAck]:
        """All items in file order. What is left of a set is counted, checked and skipped when the next is asked for."""
        if self._open is not None:
            self._open._pass()
        while (token := self._peek()) is not None:
            if isinstance(token, TooLong):
                self._skip_too_long(token, None)
                continue
            item = self._begin_interchange(token) if isinstance(token, NewInterchange) else self._take(token)
            if item is not None:
                yield item
            if isinstance(item, TransactionSet):
                item._pass()
        self._close_interchange()

    # Tokens

    def _peek(self) -> NewInterchange | TooLong | Block | None:
        """What comes next: a block with segments left in it, an ISA or a segment that is too long; None at the end."""
        while not self._token or (isinstance(self._token, Block) and self._at >= len(self._token.pieces)):
            if isinstance(self._token, Block):
                self._report_notes(self._token)
                self._before += len(self._token.pieces)
            self._token, self._at, self._mark = None, 0, 0
            token = next(self._tokens, None)
            if token is None:
                return None
            if isinstance(token, Note):
                self._is_headless = self._is_headless or token.fault is faults.NO_ISA
                self._report(token.fault, self._here(token.offset))
            else:
                self._token = token
        return self._token

    def _report_notes(self, block: Block) -> None:
        """Keep what splitting the block found in the segments passed so far."""
        while block.notes and block.notes[0][1] < self._at:
            fault, index = block.notes.popleft()
            self._faults.append(fault.issue(self._before + index + 1, block.offset(index)), fault.limit)

    def _pass_token(self) -> None:
        """Count a token that is one segment as passed."""
        self._token = None
        self._before += 1

    def _skip_too_long(self, token: TooLong, concerned: TransactionSet | None) -> None:
        self._pass_token()
        if concerned is None:
            self._report(faults.TOO_LONG, self._here(token.offset))
        else:
            concerned._total += 1
            concerned.add(faults.TOO_LONG.issue(concerned._total, token.offset))

    def _run(self, concerned: TransactionSet) -> tuple[Block, int, int] | None:
        """The next segments of a set that stand in one block: the block, first index, index behind the last."""
        while self._open is concerned and (token := self._peek()) is not None:
            if isinstance(token, TooLong):
                self._skip_too_long(token, concerned)
            elif isinstance(token, NewInterchange):
                break
            else:
                start, stop = self._at, self._end_of_run(token)
                if start == stop:
                    break
                self._at = stop
                return token, start, stop
        self._close_set()
        return None

    def _end_of_run(self, block: Block) -> int:
        """The index behind the SE, else of the next segment that cannot be in a set, else the end of the block."""
        marks, pieces = block.marks, block.pieces
        while self._mark < len(marks):
            index = marks[self._mark]
            name = pieces[index][:2]
            if name == "SE":
                self._mark += 1
                return index + 1
            if name != "TA":
                return index
            self._mark += 1
        return len(pieces)

    # Envelope segments

    def _report(self, fault: Fault, where: Where, element: str = "", **numbers: int) -> None:
        """Keep a fault of the file, an interchange or a group."""
        if isinstance(self._token, Block):
            self._report_notes(self._token)
        self._faults.append(fault.issue(where.ordinal, where.offset, where.segment_id, element, **numbers), fault.limit)

    def _here(self, offset: int | None, segment_id: str = "") -> Where:
        """The segment last passed, or the place right behind it."""
        return Where(self.segments, offset, segment_id)

    def _begin_interchange(self, token: NewInterchange) -> Interchange | None:
        self._close_interchange(token.offset)
        self._pass_token()
        where = self._here(token.offset, "ISA")
        for fault in token.header.faults:
            self._report(fault, where)
        if not token.header.whole:
            return None
        interchange = interchange_of(token.header, token.offset)
        for fault in interchange_faults(interchange):
            self._report(fault, where, "13")
        if self._seen_interchanges.is_repeated(key_of(interchange)):
            self._report(faults.ISA_DUPLICATE, where, "13")
        self.interchange, self._is_headless = interchange, False
        self._groups = self._acknowledgments = 0
        return interchange

    def _take(self, block: Block) -> Group | TransactionSet | InterchangeAck | None:
        """The segment of an envelope that comes next, or what stands before it outside a set."""
        index = self._at
        if self._mark >= len(block.marks) or block.marks[self._mark] != index:
            self._pass_stray(block)
            return None
        self._mark += 1
        segment = block.pieces[index].split(block.separator)
        if segment[0] == "ST":
            return self._begin_set(segment, block, index)
        self._at += 1
        where = self._here(block.offset(index), segment[0])
        match segment[0]:
            case "GS":
                return self._begin_group(segment, where)
            case "TA1":
                return self._acknowledge(segment, where)
            case "GE":
                self._end_group(segment, where)
            case "IEA":
                self._end_interchange(segment, where)
            case _:
                self._report(faults.SE_UNEXPECTED, where)
        return None

    def _pass_stray(self, block: Block) -> None:
        """Segments outside a set, up to the next one of an envelope. Only the first ones are worth an issue each."""
        stop = block.marks[self._mark] if self._mark < len(block.marks) else len(block.pieces)
        for index in range(self._at, min(stop, self._at + faults.OUTSIDE.limit)):
            self._at = index + 1
            self._report(faults.OUTSIDE, self._here(block.offset(index)))
        self._at = stop

    def _acknowledge(self, segment: Segment, where: Where) -> InterchangeAck:
        if self.interchange is None or self.group is not None:
            self._report(faults.TA1_MISPLACED, where)
        self._acknowledgments += 1
        return acknowledgment_of(segment, self.interchange, where.ordinal, where.offset or 0)

    def _begin_group(self, segment: Segment, where: Where) -> Group:
        self._close_group(where.offset)
        if self.interchange is None and not self._is_headless:
            self._report(faults.GS_UNEXPECTED, where)
        self.group = group = group_of(segment)
        for fault in group_faults(group):
            self._report(fault, where, "06")
        if self._seen_groups.is_repeated(key_of(group)):
            self._report(faults.GS_DUPLICATE, where, "06")
        self._groups += 1
        self._sets_in_group = 0
        self._seen_sets = SeenNumbers()
        return group

    def _end_group(self, segment: Segment, where: Where) -> None:
        if self.group is None:
            self._report(faults.GE_UNEXPECTED, where)
            return
        if count_differs(element(segment, 1), self._sets_in_group):
            self._report(faults.GE_COUNT, where, "01", found=self._sets_in_group)
        if numbers_differ(element(segment, 2), self.group.control_number):
            self._report(faults.GE_CONTROL_NUMBER, where, "02")
        self.group = None

    def _close_group(self, offset: int | None = None) -> None:
        if self.group is not None:
            self._report(faults.GE_MISSING, self._here(offset))
            self.group = None

    def _end_interchange(self, segment: Segment, where: Where) -> None:
        self._close_group(where.offset)
        if self.interchange is None:
            if not self._is_headless:
                self._report(faults.IEA_UNEXPECTED, where)
            return
        if count_differs(element(segment, 1), self._groups):
            has_only_ta1 = self._groups == 0 and not count_differs(element(segment, 1), self._acknowledgments)
            fault = faults.IEA_COUNT_TA1 if has_only_ta1 else faults.IEA_COUNT
            self._report(fault, where, "01", found=self._groups)
        if numbers_differ(element(segment, 2), self.interchange.control_number):
            self._report(faults.IEA_CONTROL_NUMBER, where, "02")
        self.interchange = None

    def _close_interchange(self, offset: int | None = None) -> None:
        self._close_group(offset)
        if self.interchange is not None:
            self._report(faults.IEA_MISSING, self._here(offset))
            self.interchange = None

    # Transaction sets

    def _begin_set(self, segment: Segment, block: Block, index: int) -> TransactionSet:
        """The set whose ST is at `index`, where the reader stays: the set's first run begins with it."""
        self.sets += 1
        self._sets_in_group += 1
        begun = TransactionSet(self, segment, self.sets, self.segments + 1, block.offset(index))
        found = set_faults(begun.code, begun.control_number)
        if self.group is None and not self._is_headless:
            found.append(faults.ST_UNEXPECTED)
        if self.group is not None and self._seen_sets.is_repeated(begun.control_number):
            found.append(faults.ST_DUPLICATE)
        for fault in found:
            begun.add(fault.issue(1, begun.offset, "ST"))
        self._open = begun
        return begun

    def _ran(self, concerned: TransactionSet, last: str, block: Block, index: int) -> None:
        """A run of the set was read to its end; where it ends with SE, so does the set."""
        segment = last.split(block.separator)
        if segment[0] != "SE" or self._open is not concerned:
            return
        count, offset = concerned._total, block.offset(index)
        if count_differs(element(segment, 1), count):
            concerned.add(faults.SE_COUNT.issue(count, offset, "SE", "01", found=count))
        if element(segment, 2) != concerned.control_number:
            concerned.add(faults.SE_CONTROL_NUMBER.issue(count, offset, "SE", "02"))
        concerned.closed = concerned.finished = True
        self._open = None

    def _close_set(self) -> None:
        if (concerned := self._open) is not None:
            concerned.add(faults.SE_MISSING.issue(concerned._total, None))
            concerned.finished = True
            self._open = None
