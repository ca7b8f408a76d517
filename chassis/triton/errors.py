"""What the inference server's errors mean to a service: wait for it, or give up on this input."""

from tritonclient.utils import InferenceServerException

from chassis.errors import DependencyUnavailable

DEPENDENCY = "triton"

_REJECTED = {"StatusCode.INVALID_ARGUMENT", "StatusCode.RESOURCE_EXHAUSTED", "StatusCode.OUT_OF_RANGE"}
# How the Python backend says that a model's process has died; the server itself goes on answering.
_DEAD_MODEL = ("is not healthy", "Stub process", "stub process")
_DETAIL_LENGTH = 300


class InferenceRejected(Exception):
    """The server refused this request or could not compute it; sending it again as it is will not help at once."""

    code = "inference_rejected"

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(f"{model} rejected the request: {detail}")
        self.model = model
        self.detail = detail


class DeadModel(DependencyUnavailable):
    """The server answers, but the process behind the model has died."""


class ContractViolated(Exception):
    """The server serves a model of that name whose tensors or parameters are not what this release needs."""

    code = "model_contract"

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(f"The model {model} on the inference server does not fit this release: {detail}.")
        self.model = model
        self.detail = detail


def is_dead_model(error: InferenceServerException) -> bool:
    """Whether the process behind a model has died; loading the model again cures it."""
    message = str(error.message())
    return error.status() == "StatusCode.INTERNAL" and any(sign in message for sign in _DEAD_MODEL)


def is_unknown_region(error: InferenceServerException) -> bool:
    """Whether the server does not know a shared memory region (any more): it was started anew since."""
    message = str(error.message()).lower()
    return "shared memory region" in message and ("unable to find" in message or "not found" in message)


def translated(model: str, error: InferenceServerException) -> DependencyUnavailable | InferenceRejected:
    """The error a service sees. Away, too slow, not loaded, or dead: unavailable. Everything else: rejected."""
    detail = str(error.message())[:_DETAIL_LENGTH]
    if error.status() in _REJECTED:
        return InferenceRejected(model, detail)
    if is_dead_model(error):
        return DeadModel(DEPENDENCY, f"{model}: {detail}")
    if error.status() == "StatusCode.INTERNAL":
        return InferenceRejected(model, detail)
    return DependencyUnavailable(DEPENDENCY, f"{model}: {detail}")
