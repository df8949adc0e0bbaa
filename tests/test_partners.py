"""A partner's profile: every key is read, and every fault names the file and the key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.claims.crosswalk import load_crosswalk
from gateway.data import listing
from gateway.errors import UsageError
from gateway.partners import Profile, check_profiles, load_profile, route

PROFILE = """
[partner]
usage = "test"
payers = ["60054"]
[envelope]
sender = "ZZ:SUBMITTERID"
receiver = "ZZ:330897513"
receiver_name = "OFFICE ALLY"
[submitter]
name = "EXAMPLE BILLING"
id = "SUBMITTERID"
contact = "EDI DESK"
phone = "5555550100"
[folder]
path = "mailbox"
"""


def write(folder: Path, text: str, name: str = "ally") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(folder: Path, old: str, new: str) -> Path:
    assert old in PROFILE
    return write(folder, PROFILE.replace(old, new))


def test_a_profile_fills_in_what_it_leaves_out(tmp_path: Path) -> None:
    """GS and 1000B identifiers follow the interchange's where a profile names no others; a mailbox is kept."""
    profile = load_profile(write(tmp_path, PROFILE))
    assert profile.name == "ally"
    assert profile.usage == "T"
    assert profile.envelope.group_sender == "SUBMITTERID"
    assert profile.envelope.receiver_id == "330897513"
    assert profile.envelope.sides == ("ZZ:SUBMITTERID", "ZZ:330897513")
    assert profile.after_receive == "keep"
    assert profile.takes_files
    assert (profile.claims_per_set, profile.claims_per_file) == (1000, 5000)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('usage = "test"', 'usage = "tset"', "[partner] usage"),
        ('usage = "test"', "", "[partner] usage"),
        ('payers = ["60054"]', 'payers = "60054"', "[partner] payers"),
        ('payers = ["60054"]', "payers = [60054]", "[partner] payers"),
        ('sender = "ZZ:SUBMITTERID"', 'sender = "SUBMITTERID"', "[envelope] sender"),
        ('sender = "ZZ:SUBMITTERID"', 'sender = "ZZ:ALONGERNAMETHANISA"', "[envelope] sender"),
        ('receiver_name = "OFFICE ALLY"', 'receiver_nam = "OFFICE ALLY"', "[envelope] receiver_name"),
        ('receiver_name = "OFFICE ALLY"', 'receiver_name = "X"\ndelimiters = "*::~"', "[envelope] delimiters"),
        ('phone = "5555550100"', "", "[submitter]"),
        ('path = "mailbox"', 'path = "mailbox"\nporth = 1', "[folder] porth"),
        ('[folder]\npath = "mailbox"', "", "[sftp] or [folder]"),
        ('[folder]\npath = "mailbox"', '[sftp]\nhost = "h"\nusername = "u"', "[sftp]"),
        (
            '[folder]\npath = "mailbox"',
            '[sftp]\nhost = "h"\nusername = "u"\npassword = "hunter2"',
            "[sftp] password",
        ),
        ("[folder]", '[files]\nsend_name = "same.txt"\n[folder]', "[files] send_name"),
        ("[folder]", '[files]\nsend_name = "../{icn}.txt"\n[folder]', "[files] send_name"),
        ("[folder]", '[files]\nsend_name = "{icn}{patient}"\n[folder]', "[files] send_name"),
        ("[folder]", '[folders]\nafter_receive = "burn"\n[folder]', "[folders] after_receive"),
        ("[folder]", "[limits]\nclaims_per_set = 0\n[folder]", "[limits] claims_per_set"),
        ("[folder]", "[limits]\nclaims_per_set = true\n[folder]", "[limits] claims_per_set"),
        ("[folder]", "[extras]\n[folder]", "[extras]"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    """One clear line: which file, which key, why."""
    with pytest.raises(UsageError, match=re.escape(key)) as caught:
        load_profile(changed(tmp_path, old, new))
    assert "ally.toml" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('usage = "test"', 'usage = "tset"', "line 3: [partner] usage: must be one of test, production"),
        ('payers = ["60054"]', "payers = 5", "line 4: [partner] payers: must be a list of text"),
        (
            "[folder]",
            "[limits]\nclaims_per_set = '5'\n[folder]",
            "line 15: [limits] claims_per_set: must be a whole number",
        ),
        ("[folder]", "[extras]\n[folder]", "line 14: [extras]: is not a table of a profile"),
    ],
)
def test_a_fault_names_the_line(tmp_path: Path, old: str, new: str, where: str) -> None:
    """Who is to mend a file wants to know where."""
    with pytest.raises(UsageError, match=re.escape(where)):
        load_profile(changed(tmp_path, old, new))


@pytest.mark.parametrize("sender", ["ZZ:A*B", "ZZ:A~", "ZZ:A:B", "ZZ:MÜLLER", "ZZ:A\\nB", "ZZ:    ", "Z*:A"])
def test_a_profile_never_puts_a_delimiter_into_the_envelope(tmp_path: Path, sender: str) -> None:
    """ISA, GS and 1000A stand in every file: what cannot be written there is refused before anything is built."""
    with pytest.raises(UsageError, match=r"line 6: \[envelope\] sender"):
        load_profile(changed(tmp_path, "ZZ:SUBMITTERID", sender))
    with pytest.raises(UsageError, match=r"\[submitter\] name"):
        load_profile(changed(tmp_path, "EXAMPLE BILLING", sender))


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Editors put one there; it says nothing."""
    assert load_profile(write(tmp_path, "\ufeff" + PROFILE)).name == "ally"


def test_broken_toml_is_one_line(tmp_path: Path) -> None:
    """A file that is no TOML says so with its place."""
    with pytest.raises(UsageError, match=r"ally\.toml: line 1, column 9: "):
        load_profile(write(tmp_path, "[partner\n"))


def profile(folder: Path, name: str, payers: str) -> Profile:
    return load_profile(write(folder, PROFILE.replace('["60054"]', payers), name))


def test_the_partner_that_names_a_payer_goes_before_the_one_that_takes_all(tmp_path: Path) -> None:
    """ "*" takes only what no other partner names, whatever the order of the files."""
    everything, one = profile(tmp_path, "a", '["*"]'), profile(tmp_path, "b", '["60054"]')
    assert route([everything, one], "60054", "professional") is one
    assert route([everything, one], "99999", "professional") is everything
    assert route([one], "99999", "professional") is None
    assert route([everything], "60054", "dental") is None


def test_two_partners_for_one_payer_are_refused(tmp_path: Path) -> None:
    """Otherwise a claim's way would hang on the order of files."""
    both = {name: profile(tmp_path, name, '["60054"]') for name in ("a", "b")}
    with pytest.raises(UsageError, match="60054"):
        check_profiles(both)


@pytest.mark.parametrize("name", sorted(listing("sftp_config", ".toml")))
def test_every_shipped_profile_is_a_valid_start(name: str) -> None:
    """What the gateway ships can be copied into a home as it is, and none of it is set to production."""
    assert load_profile(listing("sftp_config", ".toml")[name]).usage == "T"


def test_any_id_of_a_payer_leads_to_its_partner(tmp_path: Path) -> None:
    """Ours, the partner's and those of everybody; the partner that takes all gets only what nobody names."""
    table = load_crosswalk("payer,alias,where,name\nOURS,T1,theirs,\nOURS,OLD,,\nOURS,T2,rest,\n")
    profiles = [named(tmp_path, "theirs", '["T1"]'), named(tmp_path, "rest", '["*"]')]
    for payer_id in ("OURS", "T1", "OLD", "T2"):
        found = route(profiles, payer_id, "professional", table)
        assert found is not None and found.name == "theirs", payer_id
    found = route(profiles, "ELSE", "professional", table)
    assert found is not None and found.name == "rest"


def test_an_id_that_means_two_payers_goes_nowhere(tmp_path: Path) -> None:
    """Each of two partners takes it for another payer's: the claim does not say whose it is, and no guess is made."""
    table = load_crosswalk("payer,alias,where,name\nA,5,one,\nB,5,two,\n")
    profiles = [named(tmp_path, "one", '["A"]'), named(tmp_path, "two", '["B"]'), named(tmp_path, "rest", '["*"]')]
    assert route(profiles, "5", "professional", table) is None
    for payer_id, name in (("A", "one"), ("B", "two")):
        found = route(profiles, payer_id, "professional", table)
        assert found is not None and found.name == name
    check_profiles({one.name: one for one in profiles}, table)


def named(tmp_path: Path, name: str, payers: str) -> Profile:
    """A profile of that name for these payers."""
    path = tmp_path / f"{name}.toml"
    path.write_text(re.sub(r"payers = .*", f"payers = {payers}", PROFILE, count=1))
    return load_profile(path)
