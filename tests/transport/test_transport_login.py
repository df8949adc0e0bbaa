"""Passwords, prompts and two factors: let in where that is right, and one attempt where it is not."""

from __future__ import annotations

import io
import time

import paramiko
import pytest
from login_server import LoginServer

from gateway.errors import UsageError
from gateway.transport.port import AuthenticationFailed, Unreachable
from gateway.transport.sftp import SftpSettings, SftpTransport

KEY = paramiko.ECDSAKey.generate()
_text = io.StringIO()
KEY.write_private_key(_text)
KEY_TEXT = _text.getvalue()


def _connect(
    server: LoginServer, *, password: str | None = None, key: str | None = None, timeout: float = 10.0
) -> None:
    settings = SftpSettings("127.0.0.1", server.port, "user", (server.host_key_line,), password, key, timeout=timeout)
    SftpTransport.connect(settings).close()


def test_the_right_password_opens_a_session() -> None:
    """Passwords are still common at clearinghouses."""
    with LoginServer(password="right") as server:
        _connect(server, password="right")
        assert server.passwords == ["right"]


def test_a_server_that_prompts_for_the_password_gets_it() -> None:
    """Some servers know no method `password` and ask on a prompt instead."""
    with LoginServer(password="right", methods="keyboard-interactive") as server:
        _connect(server, password="right")
        assert server.prompts == 1


@pytest.mark.parametrize("hang_up", [False, True])
def test_a_wrong_password_is_given_once(hang_up: bool) -> None:
    """Also where the server hangs up instead of answering, as one that locks accounts may."""
    with LoginServer(password="right", hang_up=hang_up) as server:
        with pytest.raises(AuthenticationFailed) as caught:
            _connect(server, password="wrong-one")
        assert server.passwords == ["wrong-one"]
    assert caught.value.retry == "never"
    assert "wrong-one" not in str(caught.value)


def test_key_and_password_where_the_server_wants_both() -> None:
    """Two factors: the key first, then the password."""
    with LoginServer(password="right", key=KEY, methods="publickey,password", both=True) as server:
        _connect(server, password="right", key=KEY_TEXT)
        with pytest.raises(AuthenticationFailed):
            _connect(server, key=KEY_TEXT)


def test_the_password_serves_where_the_key_is_not_known() -> None:
    """While a partner has not yet stored the new key."""
    with LoginServer(password="right", methods="publickey,password") as server:
        _connect(server, password="right", key=KEY_TEXT)


def test_a_key_alone_is_enough_where_the_server_says_so() -> None:
    """The password is then not sent at all."""
    with LoginServer(password="right", key=KEY, methods="publickey,password") as server:
        _connect(server, password="right", key=KEY_TEXT)
        assert server.passwords == []


def test_neither_key_nor_password_is_a_fault_of_the_configuration() -> None:
    """Nobody is asked."""
    with LoginServer() as server, pytest.raises(UsageError):
        _connect(server)


def test_a_server_that_does_not_answer_the_password_is_unreachable() -> None:
    """Slow is not wrong: it may be tried again."""

    class Slow(LoginServer):
        def check_auth_password(self, username: str, password: str) -> int:
            time.sleep(1.5)
            return super().check_auth_password(username, password)

    with Slow(password="right") as server, pytest.raises(Unreachable, match="in time"):
        _connect(server, password="right", timeout=0.5)
