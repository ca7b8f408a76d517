"""From exceptions to exit status and one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PIPELINE_FAILED = 1
BAD_INPUT = 2

# By name, because a service's image lacks what the embedded servers and the model conversion import.
_STATUS: Mapping[str, int] = {
    "chassis.errors.BadInput": BAD_INPUT,
    "chassis.errors.DependencyUnavailable": PIPELINE_FAILED,
    "screenalytics.events.episode_run.EpisodeNotFinished": PIPELINE_FAILED,
    "screenalytics.sample.errors.SampleError": BAD_INPUT,
    "screenalytics.local.servers.errors.NotInstalled": BAD_INPUT,
    "screenalytics.local.servers.errors.PortTaken": BAD_INPUT,
    "screenalytics.local.servers.errors.StackError": PIPELINE_FAILED,
    "screenalytics.weights.errors.WeightsError": BAD_INPUT,
}


_API_FAILURE = "screenalytics.http_client.transport.ApiFailure"


def exit_status(error: BaseException) -> int | None:
    """Exit status of an error that people can act on, by its nearest known class; None for a defect.

    What the HTTP API refuses is bad input; an API that fails or does not answer is not.
    """
    names = [f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__]
    if _API_FAILURE in names:
        return BAD_INPUT if 400 <= getattr(error, "status", 0) < 500 else PIPELINE_FAILED
    return next((_STATUS[name] for name in names if name in _STATUS), None)


@contextmanager
def report_and_exit() -> Iterator[None]:
    """Turn the errors that people can act on into one line on stderr and an exit status; defects keep their trace."""
    from chassis.errors import DependencyUnavailable
    from screenalytics.commands.ending import ToldToEnd, ending_on_sigterm

    try:
        with ending_on_sigterm():
            yield
    except DependencyUnavailable as error:
        _exit(PIPELINE_FAILED, f"{error.dependency}_unavailable", f"{error}; `screenalytics doctor` says more.")
    except ToldToEnd as ended:
        _exit(ended.status, ended.code, str(ended))
    except Exception as error:
        if _is_of_settings(error):
            _exit(BAD_INPUT, "wrong_settings", _wrong_settings(error))
        status = exit_status(error)
        if status is None:
            raise
        _exit(status, str(getattr(error, "code", "failed")), str(error))


def _is_of_settings(error: Exception) -> bool:
    """Whether a settings class refused its values: pydantic names the class as what was validated."""
    return type(error).__name__ == "ValidationError" and str(getattr(error, "title", "")).endswith("Settings")


def _wrong_settings(error: Any) -> str:
    """Which settings are wrong and why, without their values, which may be secret."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc']))} (SCREENALYTICS_{'__'.join(map(str, one['loc'])).upper()}): {one['msg']}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )


def _exit(status: int, code: str, sentence: str) -> None:
    from screenalytics.terminal.messages import render_error

    print(render_error(code, sentence), file=sys.stderr)
    sys.exit(status)
