"""What every service reads from the environment (`SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS` …): one value, one place."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Secret, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.domain.visibility import VisibilityRules

QUIET = ConfigDict(hide_input_in_errors=True)
"""Of settings that hold secrets: what is wrong with them is said without repeating them."""

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "unix:")


class TritonSettings(BaseModel):
    """Where the inference server is and how to use it."""

    url: str = Field(default="127.0.0.1:8001", description="Host and port of Triton's gRPC.")
    shared_memory: bool | None = Field(
        default=None, description="Frames by shared memory; empty: where Triton is local."
    )
    detector_model: str = "face_detector"
    finder_model: str = "face_finder"
    embedder_model: str = "sface"
    person_model: str = "person_detector"
    timeout_s: float = Field(default=30.0, gt=0, description="Longest wait for one request, its queueing included.")
    in_flight: int = Field(default=4, ge=1, le=64, description="Requests of one process at a time.")
    watch_interval_s: float = Field(default=5.0, ge=0, description="Seconds between health checks; 0 makes none.")
    reload_models: bool | None = Field(
        default=None, description="Load a model again when it has died; empty: where Triton is local."
    )

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return self.url.startswith(_LOOPBACK)


class KafkaSettings(BaseModel):
    """How to reach Kafka and how a consumer behaves."""

    model_config = QUIET

    bootstrap_servers: str = "127.0.0.1:9092"
    manage_topics: bool = Field(
        default=True, description="Create declared topics that are missing when a service starts."
    )
    replication_factor: int = Field(default=1, ge=1)
    most_partitions: int | None = Field(
        default=None, ge=1, description="Topics are created with at most so many partitions; empty: as declared."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = None
    enable_idempotence: bool = Field(default=False, description="Idempotent producer; the embedded broker has none.")
    group_instance_id: str | None = Field(default=None, description="Static membership, e.g. the pod's name.")
    session_timeout_ms: int = Field(
        default=30_000,
        ge=1_000,
        description="A worker that is gone without a word gives up its partitions after this; Kafka's brokers refuse less"
        " than 6000 unless told otherwise.",
    )
    heartbeat_interval_ms: int = Field(default=3_000, ge=100)
    max_poll_interval_ms: int = Field(default=600_000, ge=1_000)
    handler_timeout_s: float = Field(
        default=540.0,
        gt=0,
        description="A handler that takes longer has failed; less than the poll interval, so that it keeps its place.",
    )
    rebalance_timeout_ms: int = Field(default=30_000, ge=1_000)
    fetch_max_wait_ms: int = Field(default=50, ge=5, le=500)
    look_every_ms: int | None = Field(
        default=None,
        ge=10,
        description="For a broker without encryption that does not wake who waits, as the embedded one: how often a consumer"
        " without messages looks for news, every 100 ms at least in the first 30 s; empty: it lets the broker wait.",
    )
    max_tries: int = Field(default=4, ge=1, description="Tries of a handler that fails for an unknown reason.")
    backoff_first_s: float = Field(default=0.5, gt=0)
    backoff_max_s: float = Field(default=15.0, gt=0)

    @model_validator(mode="after")
    def _a_heartbeat_fits_into_a_session(self) -> Self:
        if self.heartbeat_interval_ms >= self.session_timeout_ms:
            raise ValueError("heartbeat_interval_ms must be less than session_timeout_ms")
        return self

    @property
    def look_every_s(self) -> float | None:
        """How often a consumer without messages looks for news by itself; None where the broker is left to wait."""
        if self.look_every_ms is None or self.security_protocol != "PLAINTEXT":
            return None
        return self.look_every_ms / 1000


class SecretAddress(Secret[str]):
    """An address that may name a user and a password: shown without them."""

    def _display(self) -> str:
        return re.sub(r"://.*@", "://***@", self.get_secret_value())


class MongoSettings(BaseModel):
    model_config = QUIET

    uri: SecretAddress = SecretAddress("mongodb://127.0.0.1:27017/")
    database: str = "screenalytics"
    timeout_ms: int = Field(default=5_000, ge=100)


class S3Settings(BaseModel):
    model_config = QUIET

    endpoint_url: str | None = Field(default="http://127.0.0.1:8333", description="Empty for AWS itself.")
    public_endpoint_url: str | None = Field(default=None, description="As presigned URLs name it, where that differs.")
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    region: str = "us-east-1"
    bucket: str = "screenalytics"
    create_bucket: bool = True
    timeout_s: float = Field(default=20.0, gt=0)


class DecodingLimits(BaseModel):
    """What one child process that reads or decodes a video may take; a video that asks for more is refused."""

    model_config = ConfigDict(frozen=True)

    memory_mib: int = Field(default=1024, ge=64, description="Written by one child, beside what its modules take.")
    cpu_s: int = Field(default=300, ge=1, description="Processor seconds of one child, all its threads together.")
    bounds_addresses: bool = Field(
        default=True,
        description="Whether its address space is bounded too; a GPU's driver reserves far more than it uses.",
    )


class TelemetrySettings(BaseModel):
    exporter: Literal["none", "console", "otlp"] = "none"
    otlp_endpoint: str = "http://127.0.0.1:4318/v1/traces"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"


class HttpSettings(BaseModel):
    """The service's own HTTP port: health and metrics, and the routers where it has any."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0 lets the system choose.")
    api: bool = Field(
        default=True,
        description="Whether a service answers its part of the HTTP API; false where another process does it for all.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed; none by default.",
    )
    most_connections: int = Field(
        default=2000, ge=10, description="Open at once; the one that has waited longest without a request gives way."
    )
    head_seconds: float = Field(default=10.0, gt=0, description="For the head of a request to arrive whole.")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ipaddress.ip_network(proxy)
        return proxies


_CALLBACK_HOST = re.compile(r"https://[^/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
OIDC_CALLBACK = "/session/oidc/callback"
"""Where the issuer sends browsers back to, on any host."""


class AuthSettings(BaseModel):
    """Who may call the HTTP API. Without authentication the API listens on loopback only."""

    mode: Literal["off", "keys", "oidc", "keys+oidc"] = Field(
        default="off",
        description="`off` is for one machine: the service refuses to start on any but a loopback address.",
    )
    oidc_issuer: str | None = Field(default=None, description="As in the tokens' `iss`.")
    oidc_audience: str | None = Field(default=None, description="As in the tokens' `aud`.")
    oidc_jwks_url: str | None = Field(
        default=None, pattern=r"^https?://", description="Where the issuer publishes its keys."
    )
    oidc_keys_s: float = Field(
        default=300.0, ge=1, le=86_400, description="A key that the issuer has withdrawn is trusted this long at most."
    )
    oidc_client_id: str | None = Field(default=None, description="As the issuer knows this API, to sign browsers in.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Of a confidential client; others need none."
    )
    oidc_authorize_url: str | None = Field(default=None, pattern=r"^https?://", description="Where browsers are sent.")
    oidc_token_url: str | None = Field(default=None, pattern=r"^https?://", description="Where codes become tokens.")
    oidc_redirect_uris: tuple[str, ...] = Field(
        default=(), description=f"Where browsers may come back to: https://HOST{OIDC_CALLBACK}, as the issuer knows it."
    )
    oidc_scope: str = "openid"
    session_hours: float = Field(
        default=12.0,
        gt=0,
        le=24 * 30,
        description="How long a browser is signed in at most; never longer than its key.",
    )
    oidc_role_claim: str = "screenalytics_role"
    oidc_shows_claim: str = "screenalytics_shows"

    @property
    def takes_keys(self) -> bool:
        return "keys" in self.mode

    @property
    def takes_tokens(self) -> bool:
        return "oidc" in self.mode

    @property
    def signs_in_by_code(self) -> bool:
        """Whether a browser is sent to the issuer to sign in."""
        return self.takes_tokens and self.oidc_client_id is not None

    @field_validator("oidc_redirect_uris")
    @classmethod
    def _are_callbacks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            host, _, path = address.partition("/session/")
            if f"/session/{path}" != OIDC_CALLBACK or not _CALLBACK_HOST.fullmatch(host):
                raise ValueError(f"{address}: browsers come back to https://HOST{OIDC_CALLBACK}, http on loopback only")
        return addresses

    @model_validator(mode="after")
    def _complete(self) -> AuthSettings:
        code = (self.oidc_client_id, self.oidc_authorize_url, self.oidc_token_url, self.oidc_redirect_uris)
        if any(code) and not all(code):
            raise ValueError(
                "signing in by OIDC needs oidc_client_id, oidc_authorize_url, oidc_token_url and oidc_redirect_uris"
            )
        if self.takes_tokens and not (self.oidc_issuer and self.oidc_audience and self.oidc_jwks_url):
            raise ValueError("OIDC needs oidc_issuer, oidc_audience and oidc_jwks_url")
        return self


class ApiSettings(BaseModel):
    """Bounds of the HTTP API."""

    cors_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may call the API; none by default."
    )
    max_body_bytes: int = Field(default=2 * 2**20, ge=1024, description="Longest JSON body.")
    max_upload_bytes: int = Field(default=256 * 2**20, ge=1024, description="Largest file sent through the API itself.")
    max_uploads_bytes: int = Field(
        default=256 * 2**20,
        ge=1024,
        description="Files that one process takes in at a time, together; never less than one of the largest.",
    )
    body_seconds: float = Field(
        default=20.0, gt=0, description="For a body to arrive, and a second more for every body_bytes_per_second."
    )
    body_bytes_per_second: int = Field(default=16 * 2**10, ge=1, description="Slower bodies are given up.")
    requests_per_minute: int = Field(
        default=1200, ge=1, description="Per caller and process; per address for those without credentials."
    )
    pictures_per_minute: int = Field(
        default=30_000, ge=1, description="The same for pictures that browsers keep: a page of faces asks for hundreds."
    )
    failed_logins_per_minute: int = Field(
        default=60,
        ge=1,
        description="Wrong credentials per address and process; more are put off. Valid ones never are.",
    )
    explorer: bool = Field(
        default=True,
        description="Serve the API to be tried out in a browser at /explorer (`serve api`), to whoever may read.",
    )
    url_seconds: int = Field(default=300, ge=10, le=3600, description="How long a presigned URL is good for.")


class StreamSettings(BaseModel):
    """Event streams of one kind."""

    poll_s: float = Field(default=0.5, gt=0, description="How often an episode that somebody watches is looked at.")
    heartbeat_s: int = Field(default=15, ge=1)
    most_readers: int = Field(default=1000, ge=1, description="Streams that one process keeps open.")


class PeerSettings(BaseModel):
    """Where services find one another's HTTP APIs, for what only their owner may change."""

    grouper: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="The grouper's, as identity reaches it; empty where one process serves all (`serve api`).",
    )


class RetentionSettings(BaseModel):
    """How many days things are kept that `screenalytics retention run` removes; for ever where nothing is set."""

    revisions_days: int | None = Field(
        default=None, ge=0, description="Revisions of the screen time that a later one replaced."
    )
    strangers_days: int | None = Field(
        default=None, ge=0, description="Pictures and vectors of people without a name, from the upload of the video."
    )
    audit_days: int | None = Field(default=None, ge=1, description="Entries of the audit log.")


class ChassisSettings(BaseSettings):
    """Settings every service has. A service's own settings class adds its stage's numbers."""

    model_config = SettingsConfigDict(
        env_prefix="SCREENALYTICS_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    mongo: MongoSettings = Field(default_factory=MongoSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    triton: TritonSettings = Field(default_factory=TritonSettings)
    decoding: DecodingLimits = Field(default_factory=DecodingLimits)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    peers: PeerSettings = Field(default_factory=PeerSettings)
    visibility: VisibilityRules = Field(default_factory=VisibilityRules)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    shutdown_grace_s: float = Field(default=25.0, gt=0, description="How long a busy handler may go on after SIGTERM.")


def revealed(secret: SecretStr | None) -> str | None:
    """What a secret is, for the library that needs it."""
    return secret.get_secret_value() if secret is not None else None
