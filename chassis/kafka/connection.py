"""Connections to Kafka: security, options of clients, and the declared topics."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAlreadyExistsError

from chassis.errors import DependencyUnavailable
from chassis.settings import KafkaSettings, revealed
from contracts.events import SERVICES
from contracts.topics import TOPICS, Topic, dead_letter_topic

if TYPE_CHECKING:
    from faststream.security import BaseSecurity

DEAD_LETTER_BYTES = 4 * 2**20
"""Room for a message of the usual limit (1 MB) and the headers that say why it is here."""

_DEAD_LETTER_TOPICS = frozenset(dead_letter_topic(service) for service in SERVICES)


@contextmanager
def kafka_away() -> Iterator[None]:
    """Turns what aiokafka says of brokers that cannot be reached into `DependencyUnavailable`."""
    try:
        yield
    except MessageSizeTooLargeError:
        raise
    except (KafkaError, TimeoutError, OSError) as error:
        raise DependencyUnavailable("kafka", str(error) or type(error).__name__) from error


def security(settings: KafkaSettings) -> BaseSecurity | None:
    """FastStream's security object for the settings; None for plain text."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

    context = ssl.create_default_context(cafile=settings.ssl_cafile) if "SSL" in settings.security_protocol else None
    if not settings.security_protocol.startswith("SASL"):
        return BaseSecurity(ssl_context=context, use_ssl=True)
    mechanisms = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    return mechanisms[settings.sasl_mechanism](
        username=settings.sasl_username or "",
        password=revealed(settings.sasl_password) or "",
        ssl_context=context,
        use_ssl=context is not None,
    )


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Connection options for aiokafka clients used without FastStream (admin, tools, tests)."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
    }
    if "SSL" in settings.security_protocol:
        options["ssl_context"] = ssl.create_default_context(cafile=settings.ssl_cafile)
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": revealed(settings.sasl_password),
        }
    return options


def _topic_configs(topic: Topic) -> dict[str, str]:
    configs = {"retention.ms": str(topic.retention_ms)}
    if topic.name in _DEAD_LETTER_TOPICS:
        configs["max.message.bytes"] = str(DEAD_LETTER_BYTES)
    return configs


def partitions_of(topic: Topic, settings: KafkaSettings) -> int:
    """How many partitions a declared topic has where these settings are in force."""
    return min(topic.partitions, settings.most_partitions or topic.partitions)


async def ensure_topics(settings: KafkaSettings, topics: Iterable[Topic] = TOPICS) -> None:
    """Create declared topics that do not exist yet.

    Raises:
        DependencyUnavailable: when Kafka does not answer.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [
            NewTopic(
                name=topic.name,
                num_partitions=partitions_of(topic, settings),
                replication_factor=settings.replication_factor,
                topic_configs=_topic_configs(topic),
            )
            for topic in topics
            if topic.name not in existing
        ]
        if missing:
            await admin.create_topics(missing)
    except TopicAlreadyExistsError:
        pass  # another service was quicker
    except KafkaError as error:
        raise DependencyUnavailable("kafka", str(error) or type(error).__name__) from error
    finally:
        await admin.close()
