"""Every number of the webhooks service, once."""

from __future__ import annotations

from datetime import timedelta

MOST_WEBHOOKS = 200
"""Every event is held against all of them."""

SECRET_BYTES = 32
"""Random bytes of a secret; Standard Webhooks asks for 24 to 64."""

OLD_SECRET_LASTS = timedelta(hours=24)
"""How long messages are signed with the secret before as well, after a new one was made."""

TIMEOUT_S = 15.0
"""Of one try, from the look-up of the name to the answer; Standard Webhooks advises 15 to 30 s."""

CLAIMED_FOR = timedelta(seconds=60)
"""How long a replica has for one try before another one makes it: longer than a try takes."""

TRIES_KEPT = 20
"""Tries that the log of a delivery shows, the latest of them."""

LONGEST_REST = timedelta(hours=24)
"""The longest that a receiver may put us off by `Retry-After`."""

AT_ONCE = 16
"""Webhooks that one process tells at the same time; of each, one event at a time."""
