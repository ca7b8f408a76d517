"""Whether the models really answer: one whose process has died still counts as ready, so only a request can tell."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import structlog
from tritonclient.utils import InferenceServerException

from chassis.errors import DependencyUnavailable
from chassis.triton.errors import DEPENDENCY, ContractViolated, DeadModel, InferenceRejected, is_dead_model

CALM_TIMES: Final = 24
"""So many times longer the watch rests when nobody has asked a model since it last looked: two minutes, and not half of one,
in which trying them took half a percent of a core. Who asks a dead model first waits 0.3 s until it is loaded again."""


class ModelControl(Protocol):
    """The two calls of the server that bring a dead model back."""

    async def unload_model(self, model_name: str, *, client_timeout: float) -> None: ...

    async def load_model(self, model_name: str, *, client_timeout: float) -> None: ...


class ModelHealth:
    """Tries models with a canary request and, where `reloads`, loads a dead one again (which takes about 0.3 s)."""

    def __init__(
        self,
        control: ModelControl,
        *,
        models: Sequence[str],
        canary: Callable[[str], Awaitable[None]],
        reloads: bool,
        timeout_s: float,
    ) -> None:
        self._control = control
        self._models = list(models)
        self._canary = canary
        self._reloads = reloads
        self._timeout_s = timeout_s
        self._failing: set[str] = set()
        self._look_now = asyncio.Event()
        self._was_asked = True
        self._log = structlog.get_logger("chassis.triton.client")

    @property
    def all_work(self) -> bool:
        """Whether no model is known to fail."""
        return not self._failing

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are watched."""
        return tuple(self._models)

    def include(self, model: str) -> None:
        """Watches another model as well from now on."""
        if model not in self._models:
            self._models.append(model)

    def asked(self) -> None:
        """A model is being used: the watch looks as often as it should."""
        self._was_asked = True

    def note(self, model: str, error: InferenceServerException) -> None:
        """A request failed: if that means that the model is dead, the watch looks at once."""
        if is_dead_model(error):
            self._failing.add(model)
            self._look_now.set()

    async def watch(self, interval_s: float) -> None:
        """Tries every model each `interval_s` seconds, for as long as it runs; less often while nobody asks them.

        A request that meets a dead model brings the watch on at once.
        """
        while True:
            self._look_now.clear()
            for model in self.models:
                await self._check(model)
            is_calm = not self._was_asked and self.all_work
            self._was_asked = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), interval_s * (CALM_TIMES if is_calm else 1))

    async def _check(self, model: str) -> None:
        try:
            await self._canary(model)
        except (DependencyUnavailable, InferenceRejected, ContractViolated) as error:
            if model not in self._failing:
                self._log.warning("model does not answer", dependency=DEPENDENCY, model=model, detail=error.detail)
            self._failing.add(model)
            if self._reloads and isinstance(error, DeadModel):
                await self._reload(model)
        else:
            if model in self._failing:
                self._failing.remove(model)
                self._log.info("model works again", model=model)

    async def _reload(self, model: str) -> None:
        try:
            await self._control.unload_model(model, client_timeout=self._timeout_s)
            await self._control.load_model(model, client_timeout=self._timeout_s)
            await self._canary(model)
        except (InferenceServerException, DependencyUnavailable, InferenceRejected) as error:
            self._log.warning("model could not be loaded again", model=model, detail=str(error)[:300])
        else:
            self._failing.discard(model)
            self._log.info("model loaded again", model=model)
