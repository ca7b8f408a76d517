"""What FerretDB 1 cannot do of what we use, by test: it must fail there, or, where it would take too long, is not run."""

from __future__ import annotations

from collections.abc import Mapping

POSITIONAL = "the positional operators $ and $[] of $set"
LARGE = "a document of megabytes, which it parses and stores whole with every change, takes it minutes"
"""The reason of what is not run."""

REFUSED: Mapping[str, str] = {
    "test_api_episodes::test_a_run_that_is_asked_for_has_its_id_at_once": POSITIONAL,
    "test_api_links::test_a_full_history_takes_nothing_but_undoing_long_before_mongodb_refuses": LARGE,
    "test_facebank_requests::test_the_facebank_stays_small_and_every_request_is_answered_again_as_before": LARGE,
    "test_api_search::test_who_is_only_in_a_season": POSITIONAL,
}
