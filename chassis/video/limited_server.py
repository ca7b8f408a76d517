"""Loaded last by the server that children are forked from: what is loaded by then is taken out of the collector's sight.

A collection that looked at it in a child would copy the pages it lies on.
"""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
