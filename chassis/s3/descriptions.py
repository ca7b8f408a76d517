"""What the S3 library reads about S3, from files of its own, before it makes a client.

The invariant: **a process reads it once, whatever it connects to**. Each client for itself takes 12 MiB and 0.07 CPU
seconds for it; processes that are forked after it was read share it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final

import aiobotocore.session

_OF_S3: Final = ("service-2", "endpoint-rule-set-1")
_OF_ALL: Final = ("endpoints", "partitions", "sdk-default-configuration", "_retry")

_BESIDE_REQUESTS: Final = "aioboto3.s3.inject"
"""What clients can do beside S3's own requests; each process would load it with its first one."""


@cache
def descriptions() -> Any:
    """A loader (botocore's `data_loader`) that has read what clients for S3 ask it for."""
    loader = aiobotocore.session.get_session().get_component("data_loader")
    for name in _OF_S3:
        loader.load_service_model("s3", name, api_version=None)  # as clients ask
    for name in _OF_ALL:
        loader.load_data(name)
    import_module(_BESIDE_REQUESTS)
    return loader


def session_that_has_read() -> Any:
    """A botocore session whose clients find the descriptions read."""
    session = aiobotocore.session.get_session()
    session.register_component("data_loader", descriptions())
    return session
