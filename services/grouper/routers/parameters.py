"""What the grouper's operations take in path and query, and the objects behind them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from chassis.http.parts import Provide
from chassis.http.results import LARGEST_PAGE
from contracts.ids import EpId, IdentityId
from services.grouper.commands.edits import EditCommands
from services.grouper.queries.clusters import ClusterQueries

Episode = Annotated[EpId, Path(examples=["my-show-s01e02"])]
OneIdentity = Annotated[IdentityId, Path(max_length=20, examples=["identity-00001"])]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[str | None, Query(max_length=400)]
Pictures = Annotated[int, Query(ge=0, le=20, description="Most pictures per track, the best first.")]
WaitS = Annotated[
    float, Query(ge=0, le=10, description="Wait so many seconds for the screen time revision with this edit.")
]
Clusters = Annotated[ClusterQueries, Depends(Provide(ClusterQueries))]
Edits = Annotated[EditCommands, Depends(Provide(EditCommands))]
