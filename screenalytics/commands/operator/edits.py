"""`screenalytics merge`, `split`, `move` …: correct how the faces of an episode were grouped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from screenalytics.commands.operator.command_options import CommandOptions
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import Columns, note, several, show, tell
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import Answer
from screenalytics.terminal.messages import printable

Body = (
    models.MergeClusters
    | models.SplitCluster
    | models.MoveTracks
    | models.KeepApart
    | models.LockCluster
    | models.UnlockCluster
    | models.DropTracks
    | models.RestoreTracks
    | models.RenameCluster
)
SENDERS: dict[type[Body], Callable[..., Callable[..., Answer[models.EditAnswer]]]] = {
    models.MergeClusters: lambda api: api.merge_clusters,
    models.SplitCluster: lambda api: api.split_cluster,
    models.MoveTracks: lambda api: api.move_tracks,
    models.KeepApart: lambda api: api.keep_clusters_apart,
    models.LockCluster: lambda api: api.lock_cluster,
    models.UnlockCluster: lambda api: api.unlock_cluster,
    models.DropTracks: lambda api: api.drop_tracks,
    models.RestoreTracks: lambda api: api.restore_tracks,
    models.RenameCluster: lambda api: api.rename_cluster,
}
PREVIEW: Columns = {
    "identity": lambda one: one.identity_id,
    "name": lambda one: one.label,
    "what": lambda one: one.change,
    "seconds before": lambda one: one.seconds_before,
    "after": lambda one: one.seconds_after,
    "tracks": lambda one: f"+{len(one.gained_track_ids)} -{len(one.lost_track_ids)}",
}


def merge(ep_id: str, target: str, sources: Sequence[str], manner: CommandOptions, *, preview: bool) -> None:
    """Several identities are one person."""
    body = models.MergeClusters(kind="merge", target=target, sources=list(sources), why=manner.why)
    _edit(ep_id, body, f"{', '.join(sources)} merged into {target}", manner, preview=preview)


def split(ep_id: str, identity_id: str, tracks: Sequence[str], manner: CommandOptions, *, preview: bool) -> None:
    """Some tracks of an identity are somebody else."""
    body = _split_off(identity_id, tracks, manner)
    _edit(ep_id, body, f"{several(len(tracks), 'track')} split off {identity_id}", manner, preview=preview)


def split_in_two(ep_id: str, identity_id: str, manner: CommandOptions, *, preview: bool) -> None:
    """Split an identity where it looks like two people."""
    with connect() as api:
        if preview:
            found = api.find_two_people(ep_id, identity_id).data
            if found.is_two:
                note(found.verdict)
                _preview(api, ep_id, _split_off(identity_id, found.second, manner), manner)
            else:
                tell(found.verdict, found, as_json=manner.as_json)
            return
        body = models.SplitInTwo(identity_id=identity_id, why=manner.why)
        answer = api.split_cluster_in_two(ep_id, body, wait_s=manner.wait_s, if_match=manner.if_match())
    report(answer, f"{identity_id} split in two", manner)


def rename(ep_id: str, identity_id: str, name: str, manner: CommandOptions) -> None:
    """Name somebody who is nobody of the cast; an empty name takes the name away."""
    body = models.RenameCluster(kind="rename", identity_id=identity_id, label=name or None, why=manner.why)
    _edit(ep_id, body, f"{identity_id} is called {name}" if name else f"{identity_id} has no name", manner)


def lock(ep_id: str, identity_id: str, manner: CommandOptions) -> None:
    """Nothing joins or leaves an identity."""
    body = models.LockCluster(kind="lock", identity_id=identity_id, why=manner.why)
    _edit(ep_id, body, f"{identity_id} is locked", manner)


def unlock(ep_id: str, identity_id: str, manner: CommandOptions) -> None:
    """An identity may change again."""
    body = models.UnlockCluster(kind="unlock", identity_id=identity_id, why=manner.why)
    _edit(ep_id, body, f"{identity_id} is not locked any more", manner)


def keep_apart(ep_id: str, first: str, second: str, manner: CommandOptions, *, preview: bool) -> None:
    """Two identities are never one person."""
    body = models.KeepApart(kind="not_same", first=first, second=second, why=manner.why)
    _edit(ep_id, body, f"{first} and {second} are two people", manner, preview=preview)


def drop(ep_id: str, tracks: Sequence[str], manner: CommandOptions, *, preview: bool) -> None:
    """Tracks show nobody."""
    body = models.DropTracks(kind="drop", track_ids=list(tracks), why=manner.why)
    _edit(ep_id, body, f"{several(len(tracks), 'track')} dropped", manner, preview=preview)


def restore(ep_id: str, tracks: Sequence[str], manner: CommandOptions, *, preview: bool) -> None:
    """Dropped tracks show somebody after all."""
    body = models.RestoreTracks(kind="restore", track_ids=list(tracks), why=manner.why)
    _edit(ep_id, body, f"{several(len(tracks), 'track')} brought back", manner, preview=preview)


def move(ep_id: str, tracks: Sequence[str], target: str | None, manner: CommandOptions, *, preview: bool) -> None:
    """Tracks belong to another identity, or to a new one (None)."""
    body = models.MoveTracks(kind="move_tracks", track_ids=list(tracks), target=target, why=manner.why)
    said = f"{several(len(tracks), 'track')} moved to {target or 'a new identity'}"
    _edit(ep_id, body, said, manner, preview=preview)


def report(answer: Answer[models.EditAnswer], said: str, manner: CommandOptions) -> None:
    """Say what a command on clusters did."""
    data = answer.data
    if data.revision is not None:
        where = f"in revision {data.revision} of the report"
    else:
        where = "the report with it is not there yet" if manner.wait else "the report follows"
    tell(f"{said}; edits version {data.version}, {where}", data, as_json=manner.as_json)


def _edit(ep_id: str, body: Body, said: str, manner: CommandOptions, *, preview: bool = False) -> None:
    with connect() as api:
        if preview:
            _preview(api, ep_id, body, manner)
            return
        send = SENDERS[type(body)](api)
        answer = send(ep_id, body, wait_s=manner.wait_s, if_match=manner.if_match())
    report(answer, said, manner)


def _preview(api: Client, ep_id: str, body: Body, manner: CommandOptions) -> None:
    """Show what an edit would change. `kind` must be set in its body: it says which edit it is."""
    found = api.preview_edit(ep_id, body).data
    if manner.as_json:
        print(found.model_dump_json())
        return
    show(found.changes, as_json=False, columns=PREVIEW, nothing="nobody would change")
    print(f"clusters {found.clusters_before} -> {found.clusters_after}, others unchanged: {found.unchanged}")
    for warning in found.new_warnings or ():
        print(f"warning: {printable(warning)}")
    print("nothing is changed yet")


def _split_off(identity_id: str, tracks: Sequence[str], manner: CommandOptions) -> models.SplitCluster:
    return models.SplitCluster(kind="split", identity_id=identity_id, track_ids=list(tracks), why=manner.why)
