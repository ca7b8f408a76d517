"""Errors of the client libraries, in the words that the command line knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from chassis.errors import DependencyUnavailable


@contextmanager
def reaching_servers() -> Iterator[None]:
    """Turn errors of Kafka and MongoDB into `DependencyUnavailable`."""
    try:
        yield
    except KafkaError as error:
        raise DependencyUnavailable("kafka", str(error) or type(error).__name__) from error
    except TimeoutError as error:
        raise DependencyUnavailable("kafka", "it did not answer in time") from error
    except PyMongoError as error:
        raise DependencyUnavailable("mongo", str(error).partition(", Timeout:")[0]) from error
