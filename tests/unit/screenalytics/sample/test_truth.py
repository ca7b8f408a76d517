"""Labels follow from the script."""

from screenalytics.sample.camera import Framing
from screenalytics.sample.script import Panel, Shot
from screenalytics.sample.truth import truth_of

WHOLE = Framing(0.5, 0.5)


def _shot(duration_s: float, *people: str) -> Shot:
    return Shot(duration_s, [Panel("any.jpg", (person,), WHOLE, WHOLE) for person in people])


def test_intervals_start_and_end_at_cuts() -> None:
    truth = truth_of("name", [_shot(2.0, "ann"), _shot(1.2, "bob"), _shot(0.4, "ann", "bob")])
    assert truth["intervals_s"] == {"ann": [[0.0, 2.0], [3.2, 3.6]], "bob": [[2.0, 3.6]]}


def test_screen_time_is_the_sum_of_a_persons_intervals() -> None:
    truth = truth_of("name", [_shot(2.0, "ann"), _shot(1.2), _shot(0.4, "ann")])
    assert truth["screen_time_s"] == {"ann": 2.4}
    assert truth["duration_s"] == 3.6


def test_a_person_seen_by_two_cameras_at_once_counts_once() -> None:
    truth = truth_of("name", [_shot(2.0, "ann", "ann")])
    assert truth["screen_time_s"] == {"ann": 2.0}
