"""DSSE envelopes signed with Ed25519: what is signed are the bytes of the payload and their type, whatever they hold.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. Any DSSE library opens them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from chassis.errors import BadInput

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A payload whose signature is right. `vouched`: by a key that the reader brought, not the one that came along."""

    payload: Mapping[str, Any]
    keyid: str
    vouched: bool


def make_key(path: Path) -> Path:
    """Write a new private key, readable by its owner alone, and its public key beside it; returns the latter's path.

    Raises:
        BadInput: `key_exists`, `out_not_writable`.
    """
    key = Ed25519PrivateKey.generate()
    public = path.with_suffix(".pub")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(private)
        public.write_bytes(_pem(key.public_key()))
    except FileExistsError as error:
        raise BadInput("key_exists", f"{path} is there already: a key is never overwritten.") from error
    except OSError as error:
        raise BadInput("out_not_writable", f"{path} cannot be written: {error.strerror or error}.") from error
    return public


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Raises BadInput `bad_key`."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            "bad_key", f"{path} is no private key in PEM without a password: make one with --new-key."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput("bad_key", f"{path} is no Ed25519 key: make one with --new-key.")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Raises BadInput `bad_key`."""
    try:
        return _public_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput("bad_key", f"{path} is no public Ed25519 key in PEM.") from error


def keyid_of(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key as it is published (SubjectPublicKeyInfo, DER)."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def sign(payload: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """The envelope as JSON. The public key comes along, so that a reader without it can at least see what was signed."""
    body = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    public = key.public_key()
    signature = {
        "keyid": keyid_of(public),
        "sig": base64.b64encode(key.sign(_signed_bytes(PAYLOAD_TYPE, body))).decode(),
        "public_key": _pem(public).decode(),
    }
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(body).decode(),
        "signatures": [signature],
    }
    return json.dumps(envelope, indent=1) + "\n"


def open_envelope(text: str, trusted: Ed25519PublicKey | None) -> Opened:
    """The payload, if a signature of the trusted key is right; without one, if that of the key that came along is.

    Raises:
        BadInput: `not_a_proof`, `signature_wrong`.
    """
    try:
        envelope = json.loads(text)
        kind, body = envelope["payloadType"], base64.b64decode(envelope["payload"], validate=True)
        signatures = [(base64.b64decode(one["sig"], validate=True), one) for one in envelope["signatures"]]
        keys = [trusted or _public_of(str(one["public_key"]).encode()) for _, one in signatures]
        payload = json.loads(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput("not_a_proof", "This is no signed statement of Screenalytics.") from error
    if kind != PAYLOAD_TYPE or not isinstance(payload, dict):
        raise BadInput("not_a_proof", f"This is signed, but no statement: its type is {kind!r}.")
    for (signature, _), key in zip(signatures, keys, strict=True):
        try:
            key.verify(signature, _signed_bytes(kind, body))
        except InvalidSignature:
            continue
        return Opened(payload=payload, keyid=keyid_of(key), vouched=trusted is not None)
    whose = "of this key" if trusted is not None else "of the key that came along"
    raise BadInput(
        "signature_wrong", f"No signature {whose} is right: the statement was changed, or somebody else signed it."
    )


def _signed_bytes(kind: str, body: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b" ".join([b"DSSEv1", str(len(kind.encode())).encode(), kind.encode(), str(len(body)).encode(), body])


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _public_of(data: bytes) -> Ed25519PublicKey:
    key = load_pem_public_key(data)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key
