"""What operators decide about who is who, as data: replayed on every grouping.

Edits name tracks, not clusters: a cluster is what the next clustering makes of it, a track stays. Where two edits
contradict each other the later one holds. A kind of edit is a file here: what a caller sends, the edit that this is, and
all that the edit means. A new one is a file, and its two names in the lists below.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.grouper.edits.kinds.base import BaseEdit, EditChange, EditRequest, Overrides
from services.grouper.edits.kinds.drop import Drop, DropTracks, Restore, RestoreTracks
from services.grouper.edits.kinds.lock import Lock, LockCluster, Unlock, UnlockCluster
from services.grouper.edits.kinds.merge import Merge, MergeClusters
from services.grouper.edits.kinds.move import MoveRange, MoveTimeRange, MoveTrack, MoveTracks
from services.grouper.edits.kinds.not_same import KeepApart, NotSame
from services.grouper.edits.kinds.recluster import Recluster, ReclusterEpisode
from services.grouper.edits.kinds.rename import Rename, RenameCluster
from services.grouper.edits.kinds.split import Split, SplitCluster
from services.grouper.edits.track_group import TrackGroup

Edit = Annotated[
    Merge | Split | MoveTrack | MoveRange | NotSame | Lock | Unlock | Rename | Drop | Restore | Recluster,
    Field(discriminator="kind"),
]

Command = Annotated[
    MergeClusters
    | SplitCluster
    | MoveTracks
    | MoveTimeRange
    | KeepApart
    | LockCluster
    | UnlockCluster
    | DropTracks
    | RestoreTracks
    | RenameCluster
    | ReclusterEpisode,
    Field(discriminator="kind"),
]

__all__ = [
    "BaseEdit",
    "Command",
    "Drop",
    "DropTracks",
    "Edit",
    "EditChange",
    "EditRequest",
    "KeepApart",
    "Lock",
    "LockCluster",
    "Merge",
    "MergeClusters",
    "MoveRange",
    "MoveTimeRange",
    "MoveTrack",
    "MoveTracks",
    "NotSame",
    "Overrides",
    "Recluster",
    "ReclusterEpisode",
    "Rename",
    "RenameCluster",
    "Restore",
    "RestoreTracks",
    "Split",
    "SplitCluster",
    "TrackGroup",
    "Unlock",
    "UnlockCluster",
]
