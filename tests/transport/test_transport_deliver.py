"""Delivery: sent once or known not to be, whatever breaks and whenever; and what nobody knows is called unknown."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from cutting import CuttingRelay
from mailboxes import DiskMailbox, Mailbox, MemoryMailbox, sftp_mailbox
from sshd import SshServer

from gateway.transport.deliver import (
    Delivery,
    DeliveryState,
    Detail,
    Parcel,
    Recorded,
    Step,
    Upload,
    deliver,
    remove_leftovers,
    settle,
)
from gateway.transport.names import is_temp_name
from gateway.transport.port import (
    NameExists,
    OutcomeUnknown,
    PermissionDenied,
    RemoteFull,
    Transport,
    Unreachable,
    WriteFailed,
)
from gateway.transport.sftp import SftpTransport

EDI = b"ISA*00*          *~" * 1000
SENT, FAILED, UNKNOWN, NOT_SENT = (
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
    DeliveryState.NOT_SENT,
)


class Died(Exception):
    """The process ended here."""


@dataclass
class Outbox:
    """What the store would keep: steps, in the order in which they were committed."""

    steps: list[Recorded] = field(default_factory=list)
    dies_before: Step | None = None
    dies_after: Step | None = None
    on: dict[Step, Callable[[], None]] = field(default_factory=dict)

    def record(self, step: Step, detail: Detail) -> None:
        if step is self.dies_before:
            raise Died
        self.steps.append(Recorded(step, dict(detail)))
        if step is self.dies_after:
            raise Died
        self.on.get(step, lambda: None)()

    @property
    def names(self) -> list[Step]:
        return [recorded.step for recorded in self.steps]


def parcel(mailbox: Mailbox, upload: Upload = Upload.RENAME) -> Parcel:
    return Parcel(mailbox.send, "claims.txt", len(EDI), upload)


def send(mailbox: Mailbox, outbox: Outbox, upload: Upload = Upload.RENAME) -> Delivery:
    with mailbox.open() as session:
        return deliver(session, parcel(mailbox, upload), io.BytesIO(EDI), outbox.record)


def settled(mailbox: Mailbox, outbox: Outbox, upload: Upload = Upload.RENAME, *, takes: bool = True) -> DeliveryState:
    with mailbox.open() as session:
        return settle(session, parcel(mailbox, upload), outbox.steps, partner_takes_files=takes).state


def raising(error: Exception) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


# --- all goes well ------------------------------------------------------------------------------------------------


def test_a_delivery_takes_its_steps_in_order(mailbox: Mailbox) -> None:
    """Each step is recorded, the file stands under its name with its bytes, and nothing else does."""
    outbox = Outbox()
    seen: list[int] = []

    with mailbox.open() as session:
        ended = deliver(session, parcel(mailbox), io.BytesIO(EDI), outbox.record, progress=seen.append)

    assert ended.state is SENT
    assert outbox.names == [Step.TEMP_CHOSEN, Step.WRITTEN, Step.SIZE_COMPARED, Step.RENAME_ASKED, Step.RENAMED]
    assert is_temp_name(str(outbox.steps[0].detail["temp_name"]))
    assert outbox.steps[1].detail == {"size": len(EDI)}
    assert mailbox.names(mailbox.send) == ["claims.txt"]
    assert mailbox.read(mailbox.send, "claims.txt") == EDI
    assert seen[-1] == len(EDI)


def test_a_direct_delivery_has_two_steps(mailbox: Mailbox) -> None:
    """For partners without rename."""
    outbox = Outbox()
    assert send(mailbox, outbox, Upload.DIRECT).state is SENT
    assert outbox.names == [Step.PUT_ASKED, Step.PUT_DONE]
    assert mailbox.read(mailbox.send, "claims.txt") == EDI


@pytest.mark.parametrize("upload", list(Upload))
def test_a_partner_that_takes_the_file_at_once_is_no_fault(upload: Upload) -> None:
    """The good answer is enough: the file may be gone before anyone could look."""
    mailbox = MemoryMailbox(takes_at_once=True)
    assert send(mailbox, Outbox(), upload).state is SENT
    assert mailbox.names(mailbox.send) == []
    assert mailbox.taken == {"claims.txt": EDI}


def test_each_step_is_recorded_before_it_is_asked_for() -> None:
    """Else a crash in between would leave a file at the partner of which the store knows nothing."""
    mailbox = MemoryMailbox()
    order: list[str] = []
    for operation in ("write_temp", "stat", "rename"):
        mailbox.before[operation] = lambda name=operation: order.append(name)

    with mailbox.open() as session:
        deliver(session, parcel(mailbox), io.BytesIO(EDI), lambda step, _: order.append(step))

    assert order == [
        "temp_chosen",
        "write_temp",
        "written",
        "stat",
        "size_compared",
        "rename_asked",
        "rename",
        "renamed",
    ]


# --- the process dies ---------------------------------------------------------------------------------------------

_STEPS = {
    Upload.RENAME: [Step.TEMP_CHOSEN, Step.WRITTEN, Step.SIZE_COMPARED, Step.RENAME_ASKED, Step.RENAMED],
    Upload.DIRECT: [Step.PUT_ASKED, Step.PUT_DONE],
}
_DEATHS = [
    pytest.param(upload, when, step, id=f"{upload}-{when}-{step}")
    for upload, steps in _STEPS.items()
    for when in ("dies_before", "dies_after")
    for step in steps
]


@pytest.mark.parametrize("takes_at_once", [False, True])
@pytest.mark.parametrize(("upload", "when", "step"), _DEATHS)
def test_a_crash_at_any_step_never_sends_twice(upload: Upload, when: str, step: Step, takes_at_once: bool) -> None:
    """Settled and, where it is safe, sent again: the partner has the claims once, or a person is asked."""
    mailbox = MemoryMailbox(takes_at_once=takes_at_once)
    outbox = Outbox(**{when: step})
    with pytest.raises(Died):
        send(mailbox, outbox, upload)

    state = settled(mailbox, outbox, upload)
    if state is NOT_SENT:
        assert send(mailbox, Outbox(), upload).state is SENT

    received = [*mailbox.taken.values(), *(mailbox.read(mailbox.send, name) for name in mailbox.names(mailbox.send))]
    if state is UNKNOWN:
        assert received in ([], [EDI])
    else:
        assert received == [EDI]


@pytest.mark.parametrize("operation", ["write_temp", "stat", "rename", "direct_put"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("takes_at_once", [False, True])
def test_a_crash_in_any_operation_never_sends_twice(operation: str, when: str, takes_at_once: bool) -> None:
    """The same with a death between asking and answer."""
    upload = Upload.DIRECT if operation == "direct_put" else Upload.RENAME
    mailbox = MemoryMailbox(takes_at_once=takes_at_once)
    getattr(mailbox, when)[operation] = raising(Died())
    outbox = Outbox()
    with pytest.raises(Died):
        send(mailbox, outbox, upload)
    mailbox.before.clear()
    mailbox.after.clear()

    state = settled(mailbox, outbox, upload)
    if state is NOT_SENT:
        assert send(mailbox, Outbox(), upload).state is SENT

    received = [*mailbox.taken.values(), *(mailbox.read(mailbox.send, name) for name in mailbox.names(mailbox.send))]
    assert received == [EDI] if state is not UNKNOWN else received in ([], [EDI])


# --- the connection breaks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["write_temp", "stat"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_connection_before_the_rename_is_not_sent(operation: str, when: str) -> None:
    """The same bytes may go again; the error says that it is the partner's reach."""
    mailbox = MemoryMailbox()
    getattr(mailbox, when)[operation] = raising(Unreachable("gone"))
    ended = send(mailbox, Outbox())
    assert ended.state is NOT_SENT
    assert isinstance(ended.error, Unreachable)
    assert "claims.txt" not in mailbox.names(mailbox.send)


@pytest.mark.parametrize(("operation", "upload"), [("rename", Upload.RENAME), ("direct_put", Upload.DIRECT)])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("takes_at_once", [False, True])
def test_a_lost_answer_is_unknown(operation: str, upload: Upload, when: str, takes_at_once: bool) -> None:
    """Done or not: from here both look the same, and neither may be called failed or sent."""
    mailbox = MemoryMailbox(takes_at_once=takes_at_once)
    getattr(mailbox, when)[operation] = raising(Unreachable("gone"))
    outbox = Outbox()
    ended = send(mailbox, outbox, upload)
    if operation == "direct_put" and when == "before":
        assert ended.state is NOT_SENT  # it was never asked for
    else:
        assert ended.state is UNKNOWN
    assert Step.RENAMED not in outbox.names and Step.PUT_DONE not in outbox.names


def _fall_silent(relay: CuttingRelay, session: SftpTransport, direction: str) -> None:
    relay.hold(direction)
    session._settings = dataclasses.replace(session._settings, timeout=0.5)  # patience was needed up to here only


def test_a_lost_answer_at_a_real_server_settles(sshd: SshServer) -> None:
    """Over SSH: the rename was done and its answer lost; the folder tells, and nothing is sent again."""
    box: DiskMailbox = sftp_mailbox(sshd)
    with CuttingRelay(sshd.port) as relay, SftpTransport.connect(sshd.settings(port=relay.port)) as session:
        outbox = Outbox(on={Step.RENAME_ASKED: lambda: _fall_silent(relay, session, "down")})
        ended = deliver(session, parcel(box), io.BytesIO(EDI), outbox.record)
    assert ended.state is UNKNOWN
    assert settled(box, outbox) is SENT
    assert box.names(box.send) == ["claims.txt"]


def test_a_rename_that_never_arrived_at_a_real_server_settles(sshd: SshServer) -> None:
    """Over SSH: the request was lost; the temporary file tells, is removed, and the same bytes go again."""
    box = sftp_mailbox(sshd)
    with CuttingRelay(sshd.port) as relay, SftpTransport.connect(sshd.settings(port=relay.port)) as session:
        outbox = Outbox(on={Step.RENAME_ASKED: lambda: _fall_silent(relay, session, "up")})
        ended = deliver(session, parcel(box), io.BytesIO(EDI), outbox.record)
    assert ended.state is UNKNOWN
    assert settled(box, outbox) is NOT_SENT
    assert box.names(box.send) == []
    assert send(box, Outbox()).state is SENT


# --- the partner says no ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [WriteFailed("no"), RemoteFull("full"), PermissionDenied("denied")])
@pytest.mark.parametrize(
    ("operation", "when"),
    [("write_temp", "before"), ("write_temp", "after"), ("rename", "before"), ("direct_put", "before")],
)
def test_a_refusal_is_failed_and_leaves_nothing(error: Exception, operation: str, when: str) -> None:
    """Definite: failed, with the partner's reason, and our temporary file is taken away."""
    upload = Upload.DIRECT if operation == "direct_put" else Upload.RENAME
    mailbox = MemoryMailbox()
    getattr(mailbox, when)[operation] = raising(error)
    ended = send(mailbox, Outbox(), upload)
    assert (ended.state, ended.error, ended.text) == (FAILED, error, str(error))
    assert mailbox.names(mailbox.send) == []


def test_a_name_that_is_taken_is_failed(mailbox: Mailbox) -> None:
    """Nothing is overwritten, nothing is left behind."""
    mailbox.put(mailbox.send, "claims.txt", b"yesterday's")
    for upload in Upload:
        ended = send(mailbox, Outbox(), upload)
        assert ended.state is FAILED
        assert isinstance(ended.error, NameExists)
    assert mailbox.names(mailbox.send) == ["claims.txt"]
    assert mailbox.read(mailbox.send, "claims.txt") == b"yesterday's"


def test_a_folder_that_is_missing_is_failed(mailbox: Mailbox) -> None:
    """The text names the folder."""
    with mailbox.open() as session:
        ended = deliver(session, Parcel("nowhere", "claims.txt", len(EDI)), io.BytesIO(EDI), Outbox().record)
    assert ended.state is FAILED
    assert "nowhere" in ended.text


@pytest.mark.parametrize("lost", [1, 5000])
def test_a_file_that_arrives_short_is_never_renamed(lost: int) -> None:
    """A server that took less than it confirmed is found by the size."""
    mailbox = MemoryMailbox()

    def shorten() -> None:
        for name in mailbox.names(mailbox.send):
            mailbox.put(mailbox.send, name, EDI[:-lost])

    mailbox.after["write_temp"] = shorten
    outbox = Outbox()
    ended = send(mailbox, outbox)
    assert ended.state is FAILED
    assert str(len(EDI) - lost) in ended.text and str(len(EDI)) in ended.text
    assert Step.RENAME_ASKED not in outbox.names
    assert mailbox.names(mailbox.send) == []


def test_a_complete_file_that_is_taken_under_its_temporary_name_is_unknown() -> None:
    """A partner that takes any name may work on it; sending again could bill twice."""
    mailbox = MemoryMailbox()
    mailbox.after["write_temp"] = lambda: mailbox.folders[mailbox.send].clear()
    outbox = Outbox()
    ended = send(mailbox, outbox)
    assert ended.state is UNKNOWN
    assert "direct" in ended.text
    assert outbox.names[-1] is Step.TEMP_VANISHED
    assert settled(mailbox, outbox) is UNKNOWN


def test_a_folder_that_may_only_be_written_to_can_be_delivered_to() -> None:
    """Neither stat nor listing is allowed: what the server confirmed has to do."""
    mailbox = MemoryMailbox()
    mailbox.before["stat"] = mailbox.before["list_files"] = raising(PermissionDenied("denied"))
    assert send(mailbox, Outbox()).state is SENT
    assert mailbox.names(mailbox.send) == ["claims.txt"]


def test_a_folder_that_answers_only_listings_can_be_delivered_to() -> None:
    """Some servers do not answer for single files."""
    mailbox = MemoryMailbox()
    mailbox.before["stat"] = raising(PermissionDenied("denied"))
    assert send(mailbox, Outbox()).state is SENT
    assert mailbox.calls == ["write_temp", "stat", "list_files", "rename"]


# --- settling -----------------------------------------------------------------------------------------------------


def _asked(temp_name: str = "gw0000000000000000.part") -> list[Recorded]:
    return [Recorded(Step.TEMP_CHOSEN, {"temp_name": temp_name}), Recorded(Step.RENAME_ASKED, {})]


PUT = [Recorded(Step.PUT_ASKED, {})]
TEMP = "gw0000000000000000.part"


@pytest.mark.parametrize(
    ("steps", "standing", "takes", "state"),
    [
        ([], {}, True, NOT_SENT),
        (_asked()[:1], {TEMP: EDI}, True, NOT_SENT),
        (_asked(), {"claims.txt": EDI}, True, SENT),
        (_asked(), {"claims.txt": EDI, TEMP: EDI}, True, SENT),
        (_asked(), {TEMP: EDI}, True, NOT_SENT),
        (_asked(), {TEMP: EDI, "claims.txt": b"another"}, True, NOT_SENT),
        (_asked(), {"claims.txt": b"another"}, True, UNKNOWN),
        (_asked(), {}, True, UNKNOWN),
        (_asked(), {}, False, NOT_SENT),
        (PUT, {"claims.txt": EDI}, True, SENT),
        (PUT, {"claims.txt": EDI[:100]}, True, UNKNOWN),
        (PUT, {"claims.txt": EDI[:100]}, False, UNKNOWN),
        (PUT, {}, True, UNKNOWN),
        (PUT, {}, False, NOT_SENT),
        ([*_asked(), Recorded(Step.RENAMED, {})], {}, True, SENT),
        ([*PUT, Recorded(Step.PUT_DONE, {"size": 1})], {}, True, SENT),
        ([*_asked()[:1], Recorded(Step.TEMP_VANISHED, {})], {}, True, UNKNOWN),
        ([*_asked()[:1], Recorded(Step.TEMP_VANISHED, {})], {}, False, NOT_SENT),
    ],
)
def test_what_the_folder_shows_settles(
    mailbox: Mailbox, steps: list[Recorded], standing: dict[str, bytes], takes: bool, state: DeliveryState
) -> None:
    """Final name there: sent. Temporary one: not sent. Neither: unknown, unless the partner leaves files alone."""
    for name, content in standing.items():
        mailbox.put(mailbox.send, name, content)
    with mailbox.open() as session:
        ended = settle(session, parcel(mailbox), steps, partner_takes_files=takes)
    assert ended.state is state
    assert ended.text
    assert TEMP not in mailbox.names(mailbox.send)


def test_settling_removes_the_temporary_file_before_it_calls_it_not_sent(mailbox: Mailbox) -> None:
    """A rename that still waits in the server then fails, so that it cannot be delivered after all."""
    mailbox.put(mailbox.send, TEMP, EDI)
    with mailbox.open() as session:
        assert settle(session, parcel(mailbox), _asked(), partner_takes_files=True).state is NOT_SENT
        with pytest.raises(OutcomeUnknown):
            session.rename(mailbox.send, TEMP, "claims.txt")


def test_a_rename_that_arrives_late_while_settling_is_not_called_not_sent() -> None:
    """The old session's request is served between our two looks: unknown now, sent at the next look."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.send, TEMP, EDI)
    place = mailbox.folders[mailbox.send]
    mailbox.before["remove"] = lambda: place.update({"claims.txt": place.pop(TEMP)})
    outbox = Outbox(steps=_asked())
    assert settled(mailbox, outbox) is UNKNOWN
    mailbox.before.clear()
    assert settled(mailbox, outbox) is SENT


def test_a_session_that_breaks_while_settling_changes_nothing(mailbox: Mailbox) -> None:
    """The delivery stays what it was; the error says that the partner was not reached."""
    mailbox.put(mailbox.send, TEMP, EDI)

    class Breaking:
        def __init__(self, session: Transport) -> None:
            self._session = session

        def __getattr__(self, name: str) -> object:
            if name == "remove":
                return raising_any(Unreachable("gone"))
            return getattr(self._session, name)

    def raising_any(error: Exception) -> Callable[..., None]:
        def run(*_: object) -> None:
            raise error

        return run

    with mailbox.open() as session, pytest.raises(Unreachable):
        settle(Breaking(session), parcel(mailbox), _asked(), partner_takes_files=True)  # type: ignore[arg-type]
    assert mailbox.names(mailbox.send) == [TEMP]


def test_a_temporary_file_that_cannot_be_removed_is_still_not_sent() -> None:
    """Some partners allow no removal; the temporary name is the proof."""
    mailbox = MemoryMailbox()
    mailbox.put(mailbox.send, TEMP, EDI)
    mailbox.before["remove"] = raising(PermissionDenied("denied"))
    assert settled(mailbox, Outbox(steps=_asked())) is NOT_SENT


# --- leftovers ----------------------------------------------------------------------------------------------------


def test_leftovers_are_ours_by_name_only(mailbox: Mailbox) -> None:
    """Only names that the store recorded go; another sender's temporary files stay."""
    for name in ("gw1111111111111111.part", "gw2222222222222222.part", "other.part", "claims.txt"):
        mailbox.put(mailbox.send, name, b"x")
    with mailbox.open() as session:
        standing = remove_leftovers(session, mailbox.send, ["gw1111111111111111.part", "gw3333333333333333.part"])
    assert standing == set()
    assert mailbox.names(mailbox.send) == ["claims.txt", "gw2222222222222222.part", "other.part"]
