"""An Apache Kafka that asks who somebody is (SCRAM over TLS) and what they may do: as production has it, on loopback."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from pydantic import SecretStr

from chassis.kafka.connection import client_options
from chassis.settings import KafkaSettings
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import port_accepts
from tests.support.apache_kafka import ApacheKafka, available

ADMIN, ADMIN_PASSWORD = "admin", "test-admin-password"
# Numbers of the Kafka protocol.
_RESOURCES = {"topic": 2, "group": 3}
_OPERATIONS = {"READ": 3, "WRITE": 4, "CREATE": 5, "DESCRIBE": 8}
_LITERAL, _ALLOW = 3, 3


def unavailable() -> str | None:
    """Why such a broker cannot be run on this machine; None where it can."""
    return available() or (None if shutil.which("openssl") else "openssl is not installed")


class SecuredKafka(ApacheKafka):
    """Takes the users of `passwords` (name to password) and an administrator; nobody may do anything until told."""

    def __init__(self, directory: Path, passwords: Mapping[str, str]) -> None:
        super().__init__(directory)
        self._passwords = {**passwords, ADMIN: ADMIN_PASSWORD}
        self.ca_file = directory / "ca.crt"

    async def run(self, timeout: float = 60.0) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._make_certificate()
        await super().run(timeout)

    async def probe(self) -> bool:
        return await port_accepts(self.ports["broker"])

    def settings(self, user: str) -> KafkaSettings:
        """How one of the users connects."""
        return KafkaSettings(
            bootstrap_servers=self.bootstrap_servers,
            security_protocol="SASL_SSL",
            sasl_username=user,
            sasl_password=SecretStr(self._passwords[user]),
            ssl_cafile=str(self.ca_file),
        )

    def format_arguments(self) -> Sequence[str]:
        users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in self._passwords.items()]
        return [argument for user in users for argument in ("--add-scram", user)]

    def properties(self) -> dict[str, str]:
        broker, controller = self.ports["broker"], self.ports["controller"]
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        return {
            **super().properties(),
            "listeners": f"SASL_SSL://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"SASL_SSL://{self.bootstrap_servers}",
            "inter.broker.listener.name": "SASL_SSL",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                f'{login} username="{ADMIN}" password="{ADMIN_PASSWORD}";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.directory / "keystore.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca_file),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The controller's listener is plain text, for this process alone.
            "super.users": f"User:{ADMIN};User:ANONYMOUS",
        }

    def _make_certificate(self) -> None:
        key = self.directory / "server.key"
        name = ["-subj", "/CN=test-broker", "-addext", f"subjectAltName=IP:{LOOPBACK}"]
        files = ["-keyout", str(key), "-out", str(self.ca_file)]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name, *files]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        (self.directory / "keystore.pem").write_text(key.read_text() + self.ca_file.read_text())


async def apply_access_list(settings: KafkaSettings, document: str) -> int:
    """Do what the `$ACLS …` lines of the access list say; returns how many rights were given."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        rights = list(_rights(document))
        for resource, name, principal, operation in rights:
            request = CreateAclsRequest(resource, name, _LITERAL, principal, "*", operation, _ALLOW)
            answer = await admin._send_to_controller(request)
            assert [code for code, *_ in answer.creation_responses] == [0], answer
    finally:
        await admin.close()
    return len(rights)


def _rights(document: str) -> Iterator[tuple[int, str, str, int]]:
    for line in re.findall(r"^\$ACLS (.+)$", document, flags=re.MULTILINE):
        principal, resource, name = re.fullmatch(
            r"--allow-principal (\S+) (?:--operation \w+ )+--(topic|group) (\S+)", line
        ).groups()  # type: ignore[union-attr]
        for operation in re.findall(r"--operation (\w+)", line):
            yield _RESOURCES[resource], name, principal, _OPERATIONS[operation]
