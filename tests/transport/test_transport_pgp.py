"""Sealing and opening by the real gpg: what was put in comes out, and nothing else counts."""

from __future__ import annotations

import io
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from gpg_keys import KeyMaker, Pair

from gateway.errors import UsageError
from gateway.transport import pgp
from gateway.transport.pgp import Keys, Unopened, looks_sealed, seal, unseal

CLEAR = b"ISA*00*  \x00\xff binary too~\n" * 5000


def sealed(keys: Keys, clear: bytes = CLEAR) -> bytes:
    sink = io.BytesIO()
    seal(keys, io.BytesIO(clear), sink)
    return sink.getvalue()


def opened(keys: Keys, wire: bytes) -> bytes:
    sink = io.BytesIO()
    unseal(keys, io.BytesIO(wire), sink)
    return sink.getvalue()


@pytest.mark.parametrize("armor", [True, False])
def test_what_is_sealed_by_one_is_opened_by_the_other(ours: Pair, theirs: Pair, armor: bool) -> None:
    """Signed by us and encrypted to them; they open it with their key and see that it is ours. Every byte is there."""
    wire = sealed(Keys(encrypt_to=theirs.public, sign_with=ours.secret, passphrase="open sesame", armor=armor))
    assert b"ISA*" not in wire
    assert looks_sealed(wire[:64])
    assert wire.startswith(b"-----BEGIN PGP MESSAGE-----") is armor
    assert opened(Keys(decrypt_with=theirs.secret, verify_with=ours.public), wire) == CLEAR


def test_only_signed_and_only_encrypted(ours: Pair, theirs: Pair) -> None:
    """A partner may ask for one of the two."""
    signed = sealed(Keys(sign_with=ours.secret, passphrase="open sesame"))
    assert opened(Keys(verify_with=ours.public), signed) == CLEAR
    both = sealed(Keys(encrypt_to=theirs.public, sign_with=ours.secret, passphrase="open sesame"))
    assert opened(Keys(decrypt_with=theirs.secret), both) == CLEAR  # who signed it is not asked
    encrypted = sealed(Keys(encrypt_to=theirs.public))
    assert opened(Keys(decrypt_with=theirs.secret), encrypted) == CLEAR


def test_what_is_for_another_is_not_opened(ours: Pair, theirs: Pair) -> None:
    """It is said plainly, without names."""
    with pytest.raises(Unopened, match="for another key") as caught:
        opened(Keys(decrypt_with=ours.secret, passphrase="open sesame"), sealed(Keys(encrypt_to=theirs.public)))
    assert "example.com" not in str(caught.value)


def test_a_signature_counts_only_by_the_key_that_was_named(ours: Pair, theirs: Pair, stranger: Pair) -> None:
    """Not signed, signed by a stranger, and signed by ourselves are all refused."""
    to_us = Keys(encrypt_to=ours.public)
    wanted = Keys(decrypt_with=ours.secret, passphrase="open sesame", verify_with=theirs.public)
    assert opened(wanted, sealed(replace(to_us, sign_with=theirs.secret))) == CLEAR
    for wire in (
        sealed(to_us),
        sealed(replace(to_us, sign_with=stranger.secret)),
        sealed(replace(to_us, sign_with=ours.secret, passphrase="open sesame")),
    ):
        with pytest.raises(Unopened, match="not signed by the key that the profile names"):
            opened(wanted, wire)


@pytest.mark.parametrize("where", [0.3, 0.6, 0.99])
def test_a_damaged_or_cut_file_is_not_opened(theirs: Pair, where: float) -> None:
    """No half of it counts."""
    wire = bytearray(sealed(Keys(encrypt_to=theirs.public, armor=False)))
    place = int(len(wire) * where)
    keys = Keys(decrypt_with=theirs.secret)
    with pytest.raises(Unopened):
        opened(keys, bytes(wire[:place]))
    wire[place] ^= 0x55
    with pytest.raises(Unopened):
        opened(keys, bytes(wire))


def test_a_bomb_is_not_opened(theirs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than a file may hold ends there."""
    monkeypatch.setattr(pgp, "LARGEST", 1 << 20)
    wire = sealed(Keys(encrypt_to=theirs.public), bytes(20 << 20))
    assert len(wire) < 1 << 20
    with pytest.raises(Unopened, match="more than"):
        opened(Keys(decrypt_with=theirs.secret), wire)


def test_a_wrong_passphrase_and_a_bad_key_are_configuration(ours: Pair, theirs: Pair) -> None:
    """One line, no part of the key."""
    for keys in (
        Keys(sign_with=ours.secret, passphrase="wrong"),
        Keys(encrypt_to="no key"),
        Keys(sign_with=theirs.public),
    ):
        with pytest.raises(UsageError, match=r"^\[pgp\]: ") as caught:
            sealed(keys)
        assert "\n" not in str(caught.value)


def test_an_expired_key_is_not_encrypted_to(key_maker: KeyMaker) -> None:
    """Its end can be asked for, and what has ended is refused."""
    old = key_maker.make("old", made="20200101", expires="1d")
    assert pgp.key_facts(old.public).expires == datetime(2020, 1, 2, tzinfo=UTC)
    with pytest.raises(UsageError, match="expired"):
        sealed(Keys(encrypt_to=old.public))


def test_a_secret_key_tells_its_facts(ours: Pair) -> None:
    """The same as its public half."""
    assert pgp.key_facts(ours.secret) == pgp.key_facts(ours.public)


def test_no_gpg_is_said(monkeypatch: pytest.MonkeyPatch, theirs: Pair) -> None:
    """Where the program is missing, what to install."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="install gnupg"):
        sealed(Keys(encrypt_to=theirs.public))


def test_no_key_ring_is_left(theirs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secret keys do not stay on the disk."""
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as place:
        monkeypatch.setattr(tempfile, "tempdir", place)
        sealed(Keys(encrypt_to=theirs.public, sign_with=theirs.secret))
        assert list(Path(place).iterdir()) == []


def test_a_temporary_folder_with_a_long_name_does_no_harm(
    theirs: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of gpg's socket may have some hundred bytes only."""
    place = tmp_path / ("a" * 100)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    wire = sealed(Keys(encrypt_to=theirs.public, sign_with=theirs.secret))
    assert opened(Keys(decrypt_with=theirs.secret), wire) == CLEAR


@pytest.mark.parametrize("head", [b"", b"ISA*00*", b"PK\x03\x04", b"plain text", b"\xef\xbb\xbfISA*00*"])
def test_what_is_not_sealed_is_told_apart(head: bytes) -> None:
    """X12, archives, texts."""
    assert not looks_sealed(head)
