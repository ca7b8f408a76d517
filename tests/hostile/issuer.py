"""An issuer of access tokens on loopback that does what an attack wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER, AUDIENCE = "https://id.example/", "screenalytics"


class Issuer(ThreadingHTTPServer):
    """Signs tokens with one key and publishes it, until told otherwise."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Publishing)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.content = b""
        self.publish("one")

    def publish(self, *kids: str) -> None:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        self.content = json.dumps({"keys": [public | {"kid": kid, "use": "sig"} for kid in kids]}).encode()

    def token(self, *, kid: str = "one", expires_in_s: float = 600, **claims: Any) -> str:
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "otto", "exp": int(time.time() + expires_in_s)}
        usual |= {"screenalytics_role": "viewer", "screenalytics_shows": ["*"]}
        return jwt.encode(usual | claims, self.key, algorithm="RS256", headers={"kid": kid})

    def variables(self, keys_s: float) -> Mapping[str, str]:
        """What a service needs to trust it."""
        return {
            "SCREENALYTICS_AUTH__OIDC_ISSUER": ISSUER,
            "SCREENALYTICS_AUTH__OIDC_AUDIENCE": AUDIENCE,
            "SCREENALYTICS_AUTH__OIDC_JWKS_URL": f"http://127.0.0.1:{self.server_address[1]}/jwks",
            "SCREENALYTICS_AUTH__OIDC_KEYS_S": str(keys_s),
        }


class _Publishing(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def issuing() -> Iterator[Issuer]:
    with Issuer() as issuer:
        threading.Thread(target=issuer.serve_forever, daemon=True).start()
        yield issuer
        issuer.shutdown()
