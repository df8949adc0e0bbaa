"""OpenPGP by the `gpg` program: files sealed for a partner, and opened from one.

Each call has a key ring of its own that holds the keys it was given and ends with it: no key of the machine is used, no
trust is looked up, and a signature counts only if it is by a key that was named. What `gpg` prints is read as status
codes and never shown, since it quotes names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from gateway.errors import NeedsPerson, UsageError

SECONDS: Final = 600  # that one file may take
LARGEST: Final = 2 << 30  # bytes that a sealed file may hold
CHUNK: Final = 1 << 18
_LONGEST_PLACE: Final = 60  # bytes of a path in which gpg's agent can still have its socket
_ARMOR: Final = b"-----BEGIN PGP MESSAGE-----"
_TAGS: Final = frozenset({1, 3, 4, 8, 9, 18, 20})  # packets with which a message may begin (RFC 9580)
_BAD: Final = frozenset({"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"})


class Unopened(NeedsPerson):
    """A sealed file that cannot be opened, or is not signed by whom it should be; it is kept as it came."""

    page = "quarantined-file"


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys as texts, armored or as `gpg --export` writes them armored; empty where there is none."""

    encrypt_to: str = field(default="", repr=False)  # the partner's public key
    verify_with: str = field(default="", repr=False)  # the partner's public key
    sign_with: str = field(default="", repr=False)  # our secret key
    decrypt_with: str = field(default="", repr=False)  # our secret key
    passphrase: str = field(default="", repr=False)  # of our secret keys
    armor: bool = True


class KeyFacts(NamedTuple):
    """What a key says of itself."""

    fingerprint: str  # of the primary key
    expires: datetime | None


def looks_sealed(head: bytes) -> bool:
    """Whether a file begins as an OpenPGP message, armored or not."""
    if head.lstrip().startswith(_ARMOR):
        return True
    if not head or not head[0] & 0x80:
        return False
    return (head[0] & 0x3F if head[0] & 0x40 else (head[0] & 0x3C) >> 2) in _TAGS


def seal(keys: Keys, source: BinaryIO, sink: BinaryIO) -> None:
    """Signs and encrypts, whichever the keys allow. Raises UsageError for a key that cannot be used."""
    with _ring(keys.encrypt_to, keys.sign_with) as ring:
        arguments = ["--armor"] if keys.armor else []
        if keys.sign_with:
            arguments += ["--sign", "--local-user", _facts(ring, keys.sign_with).fingerprint]
        if keys.encrypt_to:
            arguments += ["--encrypt", "--recipient", _facts(ring, keys.encrypt_to).fingerprint]
        found = _run(ring, arguments, source, sink, keys.passphrase)
    if not found.done or (keys.encrypt_to and "END_ENCRYPTION" not in found.codes):
        raise UsageError(f"[pgp]: gpg cannot {_deed(keys)}: {found.reason}")


def unseal(keys: Keys, source: BinaryIO, sink: BinaryIO) -> None:
    """Decrypts, and checks the signature where a key to verify with is given. Raises Unopened.

    What stands in the sink counts only when it returns.
    """
    with _ring(keys.decrypt_with, keys.verify_with) as ring:
        wanted = _facts(ring, keys.verify_with).fingerprint if keys.verify_with else ""
        found = _run(ring, ["--decrypt"], source, sink, keys.passphrase)
    if not found.done:
        raise Unopened(f"the file is sealed and cannot be opened: {found.reason}")
    if wanted and (found.signed_by != wanted or not _BAD.isdisjoint(found.codes)):
        raise Unopened("the file is not signed by the key that the profile names (verify_with)")


def key_facts(text: str) -> KeyFacts:
    """Fingerprint and end of a key. Raises UsageError where it is none."""
    with _ring(text) as ring:
        return _facts(ring, text)


def _deed(keys: Keys) -> str:
    return " and ".join(word for word, key in (("sign", keys.sign_with), ("encrypt", keys.encrypt_to)) if key)


class _Found(NamedTuple):
    done: bool
    codes: frozenset[str]
    signed_by: str  # fingerprint of the primary key of a good signature
    reason: str


def _program() -> str:
    found = shutil.which("gpg")
    if found is None:
        raise UsageError("[pgp]: the program gpg is not installed; install gnupg")
    return found


@contextmanager
def _ring(*keys: str) -> Iterator[Path]:
    """A key ring with these keys alone, gone at the end. Its path is short, for gpg's sockets."""
    program = _program()
    place = tempfile.gettempdir()
    place = place if len(os.fsencode(place)) <= _LONGEST_PLACE else "/tmp"  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(prefix="gw-pgp-", dir=place, ignore_cleanup_errors=True) as folder:
        ring = Path(folder)
        try:
            for key in filter(None, keys):
                command = [program, "--homedir", folder, "--batch", "--quiet", "--import"]
                done = subprocess.run(command, input=key.encode(), capture_output=True, timeout=60, check=False)
                if done.returncode != 0:
                    raise UsageError("[pgp]: a key cannot be read: it is no armored OpenPGP key")
            yield ring
        finally:
            if (stop := shutil.which("gpgconf")) is not None:
                subprocess.run([stop, "--homedir", folder, "--kill", "all"], capture_output=True, check=False)


def _facts(ring: Path, key: str) -> KeyFacts:
    command = [_program(), "--homedir", str(ring), "--batch", "--with-colons", "--show-keys"]
    done = subprocess.run(command, input=key.encode(), capture_output=True, timeout=60, check=False)
    rows = [line.split(":") for line in done.stdout.decode(errors="replace").splitlines()]
    for row, following in pairwise(rows):
        if row[0] in ("pub", "sec") and following[0] == "fpr":
            expires = datetime.fromtimestamp(int(row[6]), UTC) if row[6].isdigit() else None
            return KeyFacts(following[9], expires)
    raise UsageError("[pgp]: a key cannot be read: it is no armored OpenPGP key")


def _run(ring: Path, arguments: Sequence[str], source: BinaryIO, sink: BinaryIO, passphrase: str) -> _Found:
    given, told = ring / "given", ring / "told"
    with given.open("wb") as copy:
        shutil.copyfileobj(source, copy, CHUNK)
    reading, writing = os.pipe()
    try:
        os.write(writing, passphrase.encode()[:4096] + b"\n")
        os.close(writing)
        command = [
            _program(), "--homedir", str(ring), "--batch", "--no-tty", "--yes", "--trust-model", "always",
            "--pinentry-mode", "loopback", "--passphrase-fd", str(reading), "--status-fd", "2", "--output", "-",
            *arguments, str(given),
        ]  # fmt: skip
        with told.open("wb") as status:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=status, pass_fds=(reading,)
            )
            is_too_large = _copy(process, sink)
    finally:
        os.close(reading)
    if is_too_large:
        return _Found(False, frozenset(), "", f"it holds more than {LARGEST >> 30} GB")
    return _read_status(told.read_text(errors="replace"), process.returncode)


def _copy(process: subprocess.Popen[bytes], sink: BinaryIO) -> bool:
    """Hands on what gpg writes; whether it was more than a file may hold."""
    assert process.stdout is not None
    size = 0
    try:
        with process.stdout as stdout:
            while chunk := stdout.read(CHUNK):
                size += len(chunk)
                if size > LARGEST:
                    return True
                sink.write(chunk)
        process.wait(SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    return False


def _read_status(text: str, code: int) -> _Found:
    rows = [line.split() for line in text.splitlines() if line.startswith("[GNUPG:] ")]
    codes = frozenset(row[1] for row in rows if len(row) > 1)
    signed = next((row[-1] for row in rows if row[1:2] == ["VALIDSIG"]), "")
    # gpg also fails where all went well but the signature is by a key that it was not given.
    only_unknown_signer = "NO_PUBKEY" in codes and ("DECRYPTION_OKAY" in codes or "BEGIN_DECRYPTION" not in codes)
    is_done = (code == 0 or only_unknown_signer) and codes.isdisjoint(("DECRYPTION_FAILED", "NODATA", "BADMDC"))
    return _Found(is_done, codes, signed, _reason(codes))


def _reason(codes: frozenset[str]) -> str:
    """In our own words; gpg's quote names and addresses."""
    for code, words in (
        ("NO_SECKEY", "it is for another key than decrypt_with"),
        ("KEYEXPIRED", "a key has expired"),
        ("INV_RECP", "the partner's key cannot be encrypted to; has it expired?"),
        ("INV_SGNR", "our key cannot sign; has it expired?"),
        ("BAD_PASSPHRASE", "the passphrase is wrong"),
        ("MISSING_PASSPHRASE", "the passphrase is missing"),
        ("NODATA", "it is no whole OpenPGP message"),
        ("DECRYPTION_FAILED", "it is damaged, or for another key"),
    ):
        if code in codes:
            return words
    return "it is damaged, or of a form that gpg does not take"
