"""Forgetting tracks: a revision of the grouping without their faces, from the artifacts of the one before.

Nothing is clustered again: what is left stays as it was. The artifacts that still have the faces are removed by whoever
asked, once nobody reads them any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import BaseModel

from chassis.domain.arrays import Floats, from_npy, to_npy
from chassis.domain.crop_archive import without_members
from chassis.domain.pooling import PoolingRules
from chassis.s3.artifacts import ArtifactFolder, RunManifests
from chassis.s3.names import parse_uri
from chassis.s3.storage import ObjectMissing, Storage
from contracts import crops
from contracts.blobs import BlobRef
from contracts.events import EpisodeGrouped, TracksErased
from contracts.rows import ClusterCentroidsDocument, FaceRow, IdentitiesDocument, TrackRow
from services.grouper.edits.forget import forget_in_log, names_somebody
from services.grouper.edits.log import EditLog
from services.grouper.grouper import Grouper, scale_of
from services.grouper.store.edits import EditStore
from services.grouper.store.runs import IDS, TRACK_ARTIFACTS, GroupedRun, GrouperStore
from services.grouper.tracks.crops import Members, members_of, rename_archives
from services.grouper.tracks.erasing import (
    ForgottenTracks,
    forget_centroids,
    forget_detections,
    forget_faces,
    forget_identities,
    forget_tracks,
    forgotten_tracks,
    rows_left,
)
from services.grouper.tracks.pooling import pooled

M = TypeVar("M", bound=BaseModel)

PooledAgain = Mapping[str, tuple[TrackRow, Floats | None]]

REASON = "Their pictures and vectors were removed when their time was over."


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Tracks, their vectors and their faces: before cuts, or after them."""

    tracks: Sequence[TrackRow]
    vectors: Floats
    faces: Sequence[FaceRow]


class TrackErasure:
    """Forgets tracks of stored runs. The same erasure again changes nothing."""

    def __init__(
        self, storage: Storage, store: GrouperStore, edits: EditStore, grouper: Grouper, pooling: PoolingRules
    ) -> None:
        self._storage = storage
        self._store = store
        self._edits = edits
        self._grouper = grouper
        self._pooling = pooling

    async def forget(self, event: TracksErased) -> EpisodeGrouped | None:
        """The grouping without the tracks; None where the run has no grouping, or nothing of it changes."""
        log = (await self._edits.read(event.ep_id)).log
        await self._edits.forget_in_log(event.ep_id, event.erasure_id, lambda log: _left_in(log, event))
        while (run := await self._store.run(event.run_id)) is not None:
            if event.erasure_id in run.event.erasures:
                return run.event
            identities = await self._document(run, "identities", IdentitiesDocument)
            if not event.track_ids and not any(names_somebody(one.label, event.texts) for one in identities.identities):
                return None
            saved = await self._store.save_next(await self._without(run, identities, event, log))
            if saved is None:
                return None
        return None

    async def _without(
        self, run: GroupedRun, identities: IdentitiesDocument, event: TracksErased, log: EditLog
    ) -> GroupedRun:
        storage, before = self._storage, run.event
        is_cut = any(run.base[name] != before.artifacts[name] for name in TRACK_ARTIFACTS)
        after = await self._rows({name: before.artifacts[name] for name in TRACK_ARTIFACTS})
        base = await self._rows(run.base) if is_cut else after
        forgotten = forgotten_tracks(
            event.track_ids, base=base.tracks, tracks=after.tracks, faces=after.faces, times_stay=event.times_stay
        )
        places = rows_left([*base.faces, *after.faces], forgotten.faces)
        renamed = await self._without_pictures(before, _pictures(base, after, forgotten))
        target = RunManifests(storage, before.ep_id, before.run_id, revision=before.revision + 1)
        artifacts = dict(before.artifacts)
        vectors = from_npy(await storage.get(before.artifacts["faces_npy"]))
        written = await self._write(target, after, forgotten, places, renamed)
        artifacts |= dict(zip(TRACK_ARTIFACTS, written, strict=True))
        new_base = {name: artifacts[name] for name in TRACK_ARTIFACTS}
        if is_cut:
            again = _pooled_again(base, forgotten, vectors, self._pooling.on(scale_of(before)))
            written = await self._write(target, base, forgotten, places, renamed, pooled_again=again)
            new_base = dict(zip(TRACK_ARTIFACTS, written, strict=True))
        ids = await self._grouper.before_erasing(run, log)
        named = await self._grouper.named_in(run, _left_in(log, event))
        left = ids.without(forgotten.gone, forgotten.erased_of, named)
        new_base[IDS] = await target.put_document("identity_ids.json", left)
        artifacts["faces_npy"] = await target.put("faces.npy", to_npy(vectors[sorted(places)]))
        detections = await storage.get(before.artifacts["detections"])
        lines = await asyncio.to_thread(forget_detections, detections, forgotten)
        artifacts["detections"] = await target.put("detections.jsonl", lines, schema="DetectionRow")
        people = _relabelled(
            forget_identities(identities, forgotten, revision=before.revision + 1, reason=REASON), event.texts, renamed
        )
        artifacts["identities"] = await target.put_document("clusters.json", people)
        centroids = await self._document(run, "cluster_centroids", ClusterCentroidsDocument)
        artifacts.pop("doubts", None)  # they name tracks that are gone; the next grouping says its own
        artifacts["cluster_centroids"] = await target.put_document(
            "cluster_centroids.json", forget_centroids(centroids, identities, forgotten)
        )
        grouped = before.model_copy(
            update={
                "revision": before.revision + 1,
                "artifacts": artifacts,
                "clusters": len(people.identities),
                "erasures": (*before.erasures, event.erasure_id),
            }
        )
        highest = max(run.highest_number, ids.highest_number)
        erased = (*run.erased, *forgotten.erased)
        return replace(run, event=grouped, base=new_base, highest_number=highest, retired={}, erased=erased)

    async def _rows(self, refs: Mapping[str, BlobRef]) -> _Rows:
        storage = self._storage
        return _Rows(
            tracks=await storage.get_rows(refs["tracks"], TrackRow),
            vectors=from_npy(await storage.get(refs["tracks_npy"])),
            faces=await storage.get_rows(refs["faces"], FaceRow),
        )

    async def _write(
        self,
        target: RunManifests,
        rows: _Rows,
        forgotten: ForgottenTracks,
        places: Mapping[int, int],
        renamed: Mapping[str, str],
        *,
        pooled_again: PooledAgain | None = None,
    ) -> tuple[BlobRef, BlobRef, BlobRef]:
        """Tracks, their vectors and faces without the forgotten ones; `pooled_again` is there for rows before cuts."""
        if pooled_again is None:
            gone, blank = forgotten.gone_after_cuts, forgotten.blank_after_cuts
        else:
            gone, blank = forgotten.gone, forgotten.blank
        tracks, vectors = forget_tracks(rows.tracks, rows.vectors, gone=gone, blank=blank, pooled_again=pooled_again)
        faces = forget_faces(rows.faces, forgotten=forgotten.faces, places=places)
        tracks, faces = rename_archives(tracks, faces, renamed)
        prefix = "" if pooled_again is None else "joined_"
        return (
            await target.put_rows(f"{prefix}tracks.jsonl", tracks, schema="TrackRow"),
            await target.put(f"{prefix}tracks.npy", to_npy(vectors)),
            await target.put_rows(f"{prefix}faces.jsonl", faces, schema="FaceRow"),
        )

    async def _without_pictures(self, event: EpisodeGrouped, pictures: Members) -> dict[str, str]:
        """Write every archive without some of its members beside it; old URI -> new URI."""
        renamed: dict[str, str] = {}
        for archive, members in sorted(pictures.items()):
            bucket, key = parse_uri(archive)
            place = key.split("/")
            if bucket != self._storage.bucket or place[:2] != ["artifacts", "segments"]:
                continue
            try:
                left = await asyncio.to_thread(without_members, await self._storage.read(archive), members)
            except ObjectMissing:
                continue
            if left is not None:
                folder = ArtifactFolder(self._storage, "segments", event.ep_id, *place[3:-1])
                renamed[archive] = (await folder.put("crops.zip", left)).uri
        return renamed

    async def _document(self, run: GroupedRun, name: str, model: type[M]) -> M:
        return await self._storage.get_document(run.event.artifacts[name], model)


def _left_in(log: EditLog, event: TracksErased) -> EditLog:
    """The log of edits without what the erasure takes out of it."""
    tracks = () if event.times_stay else event.track_ids
    return forget_in_log(log, run_id=event.run_id, tracks=tracks, texts=event.texts)


def _pooled_again(rows: _Rows, forgotten: ForgottenTracks, vectors: Floats, rules: PoolingRules) -> PooledAgain:
    """The tracks of which a part is forgotten, as the faces that are left make them."""
    left: dict[str, list[FaceRow]] = {name: [] for name in forgotten.stretches}
    for face in rows.faces:
        if face.track_id in left and face.face_id not in forgotten.faces:
            left[face.track_id].append(face)
    return {
        row.track_id: pooled(row, left[row.track_id], vectors, rules) for row in rows.tracks if row.track_id in left
    }


def _pictures(base: _Rows, after: _Rows, forgotten: ForgottenTracks) -> Members:
    return members_of(
        [*base.tracks, *after.tracks],
        [*base.faces, *after.faces],
        gone=forgotten.gone | forgotten.blank | forgotten.parts,
        forgotten=forgotten.faces,
    )


def _relabelled(document: IdentitiesDocument, texts: Sequence[str], renamed: Mapping[str, str]) -> IdentitiesDocument:
    """Without labels that name somebody; representatives where their archives are now."""
    people = tuple(
        one.model_copy(
            update={
                "label": None if names_somebody(one.label, texts) else one.label,
                "representative": crops.renamed(one.representative, renamed) if one.representative else None,
            }
        )
        for one in document.identities
    )
    return document.model_copy(update={"identities": people})
