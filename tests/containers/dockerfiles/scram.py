"""The server's side of SCRAM-SHA-256 (RFC 7677) as MongoDB speaks it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

ITERATIONS = 15_000


def _digest(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


@dataclass(frozen=True)
class Credential:
    """What a server keeps of a password; all fields in hexadecimal."""

    salt: str
    stored_key: str
    server_key: str

    @classmethod
    def of(cls, password: str) -> Credential:
        salt = secrets.token_bytes(28)
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
        stored = hashlib.sha256(_digest(salted, b"Client Key")).hexdigest()
        return cls(salt=salt.hex(), stored_key=stored, server_key=_digest(salted, b"Server Key").hex())


class Conversation:
    """One client that proves who it is: `first` with its first message, then `final`."""

    def __init__(self) -> None:
        self._bare = ""
        self._server_first = ""
        self._nonce = ""

    @staticmethod
    def name_in(message: str) -> str:
        """Who the first message says the client is."""
        return _fields(message.split(",", 2)[2])["n"].replace("=2C", ",").replace("=3D", "=")

    def first(self, message: str, credential: Credential) -> str:
        self._bare = message.split(",", 2)[2]
        self._nonce = _fields(self._bare)["r"] + secrets.token_urlsafe(18)
        salt = base64.b64encode(bytes.fromhex(credential.salt)).decode()
        self._server_first = f"r={self._nonce},s={salt},i={ITERATIONS}"
        return self._server_first

    def final(self, message: str, credential: Credential) -> str | None:
        """The server's own proof, or None where the client's is wrong."""
        without_proof, _, proof = message.rpartition(",p=")
        if _fields(without_proof).get("r") != self._nonce:
            return None
        signed = f"{self._bare},{self._server_first},{without_proof}".encode()
        signature = _digest(bytes.fromhex(credential.stored_key), signed)
        client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
        if not hmac.compare_digest(hashlib.sha256(client_key).hexdigest(), credential.stored_key):
            return None
        return "v=" + base64.b64encode(_digest(bytes.fromhex(credential.server_key), signed)).decode()


def _fields(message: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in message.split(",") if "=" in part)
