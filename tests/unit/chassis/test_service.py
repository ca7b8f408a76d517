"""What a service does once, when it has started."""

from __future__ import annotations

import gc

from chassis.service import spare_the_collector


def test_what_is_there_after_the_start_is_never_gone_through_again() -> None:
    modules = len(gc.get_objects())
    try:
        spare_the_collector()
        assert gc.get_freeze_count() > modules / 2
        assert len(gc.get_objects()) < modules / 10
    finally:
        gc.unfreeze()
