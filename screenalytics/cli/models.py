"""`screenalytics models`: the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

models_app = typer.Typer(help="The model weights: list, pull, verify, use, add.", no_args_is_help=True)


@models_app.command("list")
def models_list() -> None:
    """Every model with its licence, and whether it is ready."""
    from screenalytics.commands.models import list_command

    list_command()


@models_app.command("pull")
def models_pull() -> None:
    """Fetch, check and convert what is missing."""
    from screenalytics.commands.models import pull_command

    pull_command()


@models_app.command("verify")
def models_verify() -> None:
    """Hash every model file again."""
    from screenalytics.commands.models import verify_command

    verify_command()


@models_app.command("use")
def models_use(name: Annotated[str, typer.Argument(help="An embedder of the registry.")]) -> None:
    """Change the embedder: choose it, then embed pictures and episodes again without reading the videos."""
    from screenalytics.commands.models import use_command

    use_command(name)


@models_app.command("add")
def models_add(
    name: Annotated[str, typer.Argument(help="Name in the registry.")],
    onnx: Annotated[Path, typer.Argument(help="The ONNX file.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, as the owner states it.")],
    mean: Annotated[float, typer.Option(help="Subtracted from every pixel value.")] = 127.5,
    scale: Annotated[float, typer.Option(help="Pixel values are divided by this after that.")] = 127.5,
    bgr: Annotated[bool, typer.Option("--bgr", help="The model takes blue, green, red.")] = False,
) -> None:
    """Register an embedder of your own that takes ArcFace chips (ArcFace, AdaFace … as ONNX)."""
    from screenalytics.commands.models import add_command

    add_command(name, onnx, licence=licence, mean=mean, scale=scale, bgr=bgr)
