"""Secrets in settings: never shown, and given to the libraries that need them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chassis.kafka.connection import client_options
from chassis.settings import ChassisSettings, KafkaSettings, MongoSettings, S3Settings, SecretAddress
from contracts.events import SERVICES
from screenalytics.service_registry import settings_class, settings_in_force

WORD = "an-example-of-a-secret"
ENVIRONMENT = {
    "SCREENALYTICS_KAFKA__SASL_PASSWORD": WORD,
    "SCREENALYTICS_MONGO__URI": f"mongodb://reader:{WORD}@db.example:27017/?tls=true",
    "SCREENALYTICS_S3__ACCESS_KEY": WORD,
    "SCREENALYTICS_S3__SECRET_KEY": WORD,
}
SOUND_SECRET = ("password", "secret", "access_key", "token")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> ChassisSettings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return ChassisSettings()


def test_no_way_of_printing_settings_shows_a_secret(settings: ChassisSettings) -> None:
    ways = (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json())
    assert not [way for way in ways if WORD in way]
    shown = json.dumps(settings_in_force())
    assert WORD not in shown
    assert "mongodb://***@db.example:27017/?tls=true" in shown, "the address itself helps whoever looks"


def test_libraries_get_the_secrets_themselves(settings: ChassisSettings) -> None:
    secured = settings.kafka.model_copy(update={"security_protocol": "SASL_PLAINTEXT"})
    assert client_options(secured)["sasl_plain_password"] == WORD
    assert WORD in settings.mongo.uri.get_secret_value()


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (KafkaSettings, {"sasl_password": [WORD]}),
        (MongoSettings, {"uri": {"password": WORD}}),
        (S3Settings, {"secret_key": {"value": WORD}, "access_key": WORD, "timeout_s": "soon"}),
    ],
)
def test_an_error_in_settings_does_not_repeat_the_value(model: type[BaseModel], wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(wrong)
    assert WORD not in str(refusal.value)


def test_an_error_in_the_environment_does_not_repeat_the_values(
    settings: ChassisSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCREENALYTICS_S3__TIMEOUT_S", WORD)
    with pytest.raises(ValidationError) as refusal:
        ChassisSettings()
    assert WORD not in str(refusal.value)
    assert "s3.timeout_s" in str(refusal.value)


@pytest.mark.parametrize("address", ["mongodb://u:p@ss@h/", "mongodb://u:p/ss@h/"])
def test_an_odd_password_in_an_address_is_hidden_whole(address: str) -> None:
    assert str(SecretAddress(address)) == "mongodb://***@h/"


def test_every_setting_that_sounds_like_a_secret_is_one() -> None:
    named = {name: kind for stage in SERVICES for name, kind in _fields(settings_class(stage))}
    secret = {name: kind for name, kind in named.items() if any(word in name for word in SOUND_SECRET)}
    del secret["oidc_token_url"]  # an address, where tokens are asked for
    assert secret.keys() >= {"sasl_password", "access_key", "secret_key"}
    assert not {name for name, kind in secret.items() if "Secret" not in kind}


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind)
        else:
            yield name, str(kind)
