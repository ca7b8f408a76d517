"""Settings of the webhooks service."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, Field, field_validator

from chassis.settings import ChassisSettings


class WebhookSettings(BaseModel):
    """Which addresses may be told, and how long it is tried."""

    allowed_networks: tuple[str, ...] = Field(
        default=(),
        description="Networks that are not public and may be told all the same, as 10.1.2.0/24; none by default.",
    )
    allow_http: bool = Field(
        default=False, description="Also addresses that begin with http://, which anybody can read."
    )
    max_tries: int = Field(default=16, ge=1, le=100, description="Tries of one delivery, over about a day by default.")
    backoff_first_s: float = Field(
        default=5.0, gt=0, description="Rest after the first try; then twice as long each time."
    )
    backoff_max_s: float = Field(default=6 * 3600.0, gt=0)
    look_every_s: float = Field(default=1.0, gt=0, description="How often it is looked for deliveries that are due.")

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks


class WebhooksSettings(ChassisSettings):
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
