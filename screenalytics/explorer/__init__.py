"""`/explorer`: the HTTP API to read and try out in a browser, for whoever may read anything at all.

Swagger UI's files come from a package (`fastapi-offline`) and nothing from elsewhere; the page and its start script are ours.
**The page's policy lets it load and ask this origin only**, and run no script that is not a file of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from fastapi import Request, Response

from chassis.http.auth import Viewer
from chassis.http.errors import ApiError
from chassis.http.routing import Router
from screenalytics.console_files import BuiltFile, answer, built

PACKAGE = "fastapi_offline"
THEIRS = ("swagger-ui-bundle.js", "swagger-ui.css")
# Of pictures `data:` too: Swagger UI's style sheet draws its icons.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def files() -> Mapping[str, BuiltFile] | None:
    """Name -> file, `` for the page; None where Swagger UI is not installed."""
    spec = find_spec(PACKAGE)
    folder = Path(spec.submodule_search_locations[0]) / "static" if spec and spec.submodule_search_locations else None
    if folder is None or not all((folder / name).is_file() for name in THEIRS):
        return None
    ours = Path(__file__).parent
    return {
        "": built(ours / "index.html"),
        "start.js": built(ours / "start.js"),
        **{name: built(folder / name) for name in THEIRS},
    }


def router(files: Mapping[str, BuiltFile]) -> Router:
    """The page and its files. They hold no data: what the page shows it asks the API for."""
    router = Router(tags=[])

    @router.get("/explorer", include_in_schema=False)
    async def show(request: Request, _principal: Viewer) -> Response:
        return answer(request, files[""], policy=POLICY, kept="no-cache")

    @router.get("/explorer/{name}", include_in_schema=False)
    async def send(request: Request, name: str, _principal: Viewer) -> Response:
        if not name or name not in files:
            raise ApiError(404, "not_found", "There is nothing at this address.")
        return answer(request, files[name], policy=POLICY, kept="private, no-cache")

    return router
