"""The folder that results are written to."""

from __future__ import annotations

from pathlib import Path

from chassis.errors import BadInput


def prepare_output(folder: Path) -> None:
    """Make the output folder and see that it can be written.

    Raises:
        BadInput: out_not_writable.
    """
    try:
        (folder / "manifests").mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-test"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise BadInput(
            "out_not_writable",
            f"The output folder {folder} cannot be written ({error.strerror or error}); choose another with --out.",
        ) from error
