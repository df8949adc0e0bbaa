"""Host keys as OpenSSH writes them: `ssh-ed25519 AAAA… comment`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from gateway.errors import UsageError


@dataclass(frozen=True, slots=True)
class HostKey:
    """A server's public key."""

    kind: str  # "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", …
    blob: bytes

    @classmethod
    def parse(cls, line: str) -> HostKey:
        """Reads one line of a public key file. Raises UsageError, which says what is wrong with the host key."""
        words = line.split()
        if len(words) < 2:
            raise UsageError('a host key is given as "TYPE BASE64", such as "ssh-ed25519 AAAA…"')
        kind, encoded = words[:2]
        try:
            blob = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise UsageError(f"host key {kind[:40]}: its base64 part is damaged") from None
        if not blob.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
            raise UsageError(f"host key {kind[:40]}: its base64 part is damaged or of another type")
        return cls(kind, blob)

    @property
    def line(self) -> str:
        """As it stands in a profile."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it: `SHA256:…`."""
        digest = hashlib.sha256(self.blob).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}"
