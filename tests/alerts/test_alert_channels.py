"""Mail, webhook and command against real servers on loopback: told, signed, refused, hanging, hostile."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from alert_servers import Mailbox, certificate, http_server, smtp_server

from gateway.alerts import channels
from gateway.alerts.channels import ChannelFailed, Sending, signature, tell
from gateway.alerts.message import Message, Told, compose
from gateway.alerts.settings import Alerts, Channel, Command, Mail, Webhook, read_alerts
from gateway.configuration import Written, read_toml
from gateway.errors import GatewayError, UsageError

ALERT = Told(7, "unknown_delivery", "batch:12", "house", "batch 12 for house: nobody knows", "2026-01-05T12:00:00Z")
MESSAGE = compose("practice", "2026-01-05T12:30:00.000000Z", [ALERT], [])
DATE = "Mon, 05 Jan 2026 12:30:00 +0000"


def attempt(channel: Channel, home: Path, *, strict: bool = False, message: Message = MESSAGE) -> GatewayError | None:
    (found,) = tell({"it": (channel, message)}, Sending(home, DATE, 1_767_616_200, strict)).values()
    return found


def mail(box: Mailbox, **more: object) -> Mail:
    given = {"to": ("billing@example.com",), "sender": "gateway@example.com", "security": "none", **more}
    return Mail(host="127.0.0.1", port=box.port, **given)  # type: ignore[arg-type]


def test_a_mail_says_what_needs_a_person_and_what_to_do(tmp_path: Path) -> None:
    """Subject, text, date, an id that is the same for the same message, and a mark that nobody wrote it by hand."""
    with smtp_server() as box:
        assert attempt(mail(box, to=("a@example.com", "b@example.com")), tmp_path) is None
    (got,) = box.mails
    assert (got["Subject"], got["To"]) == ("[gateway practice] 1 needs a person", "a@example.com, b@example.com")
    assert (got["Date"], got["Auto-Submitted"]) == (DATE, "auto-generated")
    assert got["Message-ID"] == f"<{MESSAGE.key}@example.com>"
    assert "batch 12 for house: nobody knows; since 2026-01-05 12:00 UTC" in box.texts[0]
    assert "gateway runbook unknown-delivery" in box.texts[0]


def test_a_mail_goes_by_tls_with_a_login(tmp_path: Path) -> None:
    """The certificate is checked against the one that is named, and the password stays a reference until then."""
    pem = certificate(tmp_path)
    (tmp_path / "password").write_text("example-password\n")
    with smtp_server(pem, password="example-password") as box:
        whole = mail(box, security="starttls", username="gateway", password="file:password", ca_file="server.pem")
        assert attempt(whole, tmp_path) is None
        assert box.logins == [(b"gateway", b"example-password")]
        (tmp_path / "password").write_text("hunter2-wrong")
        refused = attempt(whole, tmp_path)
    assert str(refused) == "mail: the server refused user name or password"
    assert len(box.mails) == 1
    assert "hunter2" not in repr(whole) + str(refused)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Neither mail nor webhook speak to a server that cannot prove who it is."""
    pem = certificate(tmp_path)
    with smtp_server(pem) as box, http_server(pem) as hook:
        assert isinstance(attempt(mail(box, security="starttls"), tmp_path), ChannelFailed)
        assert isinstance(attempt(Webhook(hook.url), tmp_path), ChannelFailed)
        assert attempt(Webhook(hook.url, ca_file="server.pem"), tmp_path) is None
    assert box.mails == []
    assert len(hook.posts) == 1


def test_a_mail_server_that_refuses_is_a_failure_without_its_words(tmp_path: Path) -> None:
    """Its answer may repeat what it was sent, so only its number is kept."""
    with smtp_server() as box:
        box.answer = "451 try SMITH^JOHN later"
        assert str(attempt(mail(box), tmp_path)) == "mail: the server answered 451"
        box.answer, box.refuses = "", "billing@example.com"
        assert str(attempt(mail(box), tmp_path)) == "mail: the server takes none of the addresses"


def test_one_address_that_is_refused_does_not_make_the_others_hear_it_again(tmp_path: Path) -> None:
    """Told counts as told once somebody got it; only a test of the channel says what is wrong."""
    with smtp_server() as box:
        box.refuses = "gone@example.com"
        both = mail(box, to=("gone@example.com", "billing@example.com"))
        assert attempt(both, tmp_path) is None
        assert str(attempt(both, tmp_path, strict=True)) == "mail: the server does not take 1 of 2 addresses"


def test_a_webhook_gets_json_that_is_signed(tmp_path: Path) -> None:
    """Who holds the secret can tell that it is ours, and when it was sent."""
    (tmp_path / "secret").write_text("example-secret")
    with http_server() as hook:
        assert attempt(Webhook(hook.url, secret="file:secret"), tmp_path) is None
    ((path, headers, body),) = hook.posts
    assert path == "/hooks/claims?team=edi"
    assert headers["X-Gateway-Signature"] == signature("example-secret", 1_767_616_200, body)
    assert headers["X-Gateway-Signature"] != signature("example-secret", 1_767_616_201, body)
    (alert,) = json.loads(body)["alerts"]
    assert (alert["kind"], alert["subject"], alert["runbook"]) == ("unknown_delivery", "batch:12", "unknown-delivery")


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500, 503])
def test_only_a_two_hundred_counts(tmp_path: Path, status: int) -> None:
    """A redirect is not followed: the address is the operator's choice, not the server's."""
    with http_server() as hook:
        hook.status = status
        assert str(attempt(Webhook(hook.url), tmp_path)) == f"webhook: the server answered {status}"
    assert len(hook.posts) == 1


def test_a_server_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt ends by itself, as a failure."""
    monkeypatch.setattr(channels, "SECONDS", 0.3)
    with http_server() as hook:
        hook.hangs = True
        assert "gave no answer within" in str(attempt(Webhook(hook.url), tmp_path))


def test_one_channel_does_not_wait_for_another(tmp_path: Path) -> None:
    """A server that answers only after the mail has arrived is no reason for the mail to wait."""
    with http_server() as hook, smtp_server() as box:
        hook.hangs, hook.over = True, box.taken
        both: dict[str, tuple[Channel, Message]] = {
            "webhook": (Webhook(hook.url), MESSAGE),
            "mail": (mail(box), MESSAGE),
        }
        assert tell(both, Sending(tmp_path, DATE, 0)) == {"webhook": None, "mail": None}


def test_a_command_gets_the_same_json_without_a_shell(tmp_path: Path) -> None:
    """Nothing of an alert is ever part of a command line."""
    program = tmp_path / "page me.py"
    program.write_text("import sys; open(sys.argv[1], 'w').write(sys.stdin.read())")
    command = Command((sys.executable, str(program), "$HOME;x"))
    assert attempt(command, tmp_path) is None
    assert json.loads((tmp_path / "$HOME;x").read_text()) == json.loads(json.dumps(MESSAGE.document))


def test_a_command_that_fails_hangs_or_is_not_there_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed with its children; one that does not read its input is no trouble."""
    assert str(attempt(Command(("/bin/sh", "-c", "exit 3")), tmp_path)) == "command: ended with 3"
    assert attempt(Command(("/bin/sh", "-c", "exec 0<&-; exit 0")), tmp_path) is None
    assert "cannot be run" in str(attempt(Command(("/nowhere/at-all",)), tmp_path))
    monkeypatch.setattr(channels, "SECONDS", 2.5)
    with pytest.raises(ChannelFailed, match="did not end within"):
        channels.send(Command(("/bin/sh", "-c", "sleep 600 & sleep 600")), MESSAGE, Sending(tmp_path, DATE, 0))


def test_a_server_that_is_not_there_or_speaks_nonsense_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way of failing ends as a line."""
    monkeypatch.setattr(channels, "_STEP_SECONDS", 0.5)
    with http_server() as hook:
        closed = hook.url
        talks_http = Mailbox(port=int(hook.url.rpartition(":")[2].partition("/")[0]))
        assert isinstance(attempt(mail(talks_http), tmp_path), ChannelFailed)
    assert isinstance(attempt(Webhook(closed), tmp_path), ChannelFailed)
    assert "is not set" in str(attempt(Webhook("env:NO_SUCH_ADDRESS"), tmp_path))
    (tmp_path / "url").write_text("http://example.com/not-this-machine")
    assert "must be https" in str(attempt(Webhook("file:url"), tmp_path))


# ── what gateway.toml says ───────────────────────────────────────────────────────────────────────────────────────────


def written(tmp_path: Path, text: str) -> Written:
    (tmp_path / "gateway.toml").write_text(text)
    return read_toml(tmp_path / "gateway.toml")


MAIL = '[alerts.mail]\nto = ["a@example.com"]\nfrom = "g@example.com"\nhost = "smtp.example.com"\n'


def test_settings_have_sound_defaults(tmp_path: Path) -> None:
    """STARTTLS on 587; nothing at all where nothing is said."""
    assert read_alerts(written(tmp_path, "")) == Alerts()
    found = read_alerts(written(tmp_path, MAIL)).channels["mail"]
    assert isinstance(found, Mail)
    assert (found.port, found.security) == (587, "starttls")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MAIL + 'security = "none"', "line 5: [alerts.mail] security: may be none only where host is this machine"),
        (MAIL + 'password = "hunter2"', "[alerts.mail] password: is a secret"),
        (MAIL + "retries = 3", "line 5: [alerts.mail] retries: is no key of this table"),
        (MAIL.replace("g@example.com", "g@example.com\\nBcc: x@example.com"), "from: must be one line"),
        (MAIL.replace('["a@example.com"]', "[]"), "to: must be a list of addresses"),
        ("[alerts.sms]\nto = 1", "[alerts] sms: is no key of this table"),
        ('[alerts.webhook]\nurl = "http://example.com/x"', "url: must be https, but for this machine itself"),
        ('[alerts.webhook]\nurl = "https://[bad"', "url: is no URL"),
        ('[alerts.command]\nline = "page \'me"', "line: its quotes do not match"),
        ("[alerts]\nmail = 3", "[alerts] mail: must be a table"),
    ],
)
def test_settings_that_cannot_be_are_named(tmp_path: Path, text: str, said: str) -> None:
    """File, line and key; a secret is never repeated."""
    with pytest.raises(UsageError) as caught:
        read_alerts(written(tmp_path, text))
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_channels_do_not_show_secrets() -> None:
    """Whoever prints the settings prints no address with a token in it."""
    assert "token" not in repr(Alerts("", {"webhook": Webhook("https://hooks.example.com/token")}))
