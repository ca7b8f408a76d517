"""An episode that operators edit, link and analyse again, in memory: what the services compute, without servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
import numpy.typing as npt

from chassis.domain.pooling import PoolingRules
from chassis.domain.visibility import VisibilityRules
from contracts.ids import face_id, track_id
from contracts.rows import Box, CastLink, FaceQuality, FaceRow, Identity, ScreenTimeDocument, ShotRow, TrackRow
from contracts.warnings import sentences
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.forget import forget_in_log, named_in
from services.grouper.edits.kinds import BaseEdit, Command, Overrides
from services.grouper.edits.log import (
    EditLog,
    active_by_id,
    active_edits,
    active_records,
    apply_edit,
    highest_number_made,
    redo,
    undo,
)
from services.grouper.edits.people import People
from services.grouper.edits.replay import overridden, thresholds_in_force
from services.grouper.edits.resolve import Resolver
from services.grouper.episode.documents import identities_document
from services.grouper.episode.edited_grouping import EditedGrouping, GroupingInput, group_edited
from services.grouper.episode.identity_ids import RunIds, carried_ids, first_ids, with_people
from services.grouper.queries.cluster_view import people_of
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.cutting import Cut
from services.grouper.tracks.erasing import forget_faces, forgotten_tracks
from services.grouper.tracks.joining import JoinedEpisode
from services.grouper.tracks.pooling import pooled
from services.identity.links.history import (
    LinkCommand,
    as_one_version,
    choose_redo,
    choose_undo,
    effective_links,
    replay,
)
from services.identity.links.transitions import LinkState, LinkTransition, link_identity_to_cast
from services.identity.rules import ScreenTimeRules
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time

EP_ID = "show-s01e01"
RUNS = tuple(f"01ARZ3NDEKTSV4RRFFQ69G5F{number:02d}" for number in range(10, 99))
AT = "2026-01-01T00:00:00Z"
RULES = GrouperThresholds()
PLACES: tuple[Box, ...] = ((0.1, 0.2, 0.3, 0.6), (0.6, 0.2, 0.8, 0.6))
FACES = 3

Floats = npt.NDArray[np.float32]


def _unit(seed: int | list[int]) -> npt.NDArray[np.float64]:
    vector = np.random.default_rng(seed).normal(size=32)
    return vector / np.linalg.norm(vector)


def _vector(person: int, sample: int, noise: float) -> Floats:
    vector = _unit(0) + 0.35 * _unit(1000 + person) + noise * _unit([person, sample])
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@dataclass(frozen=True)
class Snapshot:
    """All that people see: who has which tracks, names, locks, links in force and at rest, screen time."""

    people: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str | None]
    locked: frozenset[str]
    rescued: frozenset[str]
    links: Mapping[str, str]
    resting: frozenset[str]
    screen_time: ScreenTimeDocument
    problems: tuple[str, ...]

    def identity_of(self) -> dict[str, str]:
        return {track: one for one, own in self.people.items() for track in own}


@dataclass
class EditedEpisode:
    """Tracks of made-up people, of which some are poor or without a vector and some at the same time elsewhere."""

    random: Random
    tracks: int
    people: int
    log: EditLog = ()
    links: LinkState = field(default_factory=LinkState)
    commands: tuple[LinkCommand, ...] = ()
    names: dict[str, str] = field(default_factory=lambda: {"ann": "Ann", "ben": "Ben", "cleo": "Cleo"})
    run: int = 0
    erased: dict[str, tuple[Cut, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._grounds: list[GroupingInput] = [self._first_run()]
        self._ids: list[RunIds] = [first_ids(self._grounds[0].machine(self._rules), self._grounds[0].joined.tracks)]
        self._machines: dict[tuple[int, str], MachineGrouping] = {}

    @property
    def run_id(self) -> str:
        return RUNS[self.run]

    @property
    def _rules(self) -> GrouperThresholds:
        return RULES.model_copy(update={"dimension": 32})

    def command(self, command: Command) -> str:
        """Apply a command as the API does; returns the edit's id. Raises what a refused command raises."""
        edit = command.edit(self.who_is_who())
        edit_id = f"e{len(self.log)}"
        self.log = apply_edit(self.log, edit, edit_id=edit_id, by="kim", at=AT)
        self._stamp()
        return edit_id

    def undo(self, edit_id: str | None = None) -> str:
        self.log = undo(self.log, by="kim", at=AT, edit_id=edit_id)
        self._stamp()
        return self.log[-1].edit_id

    def redo(self, edit_id: str | None = None) -> str:
        self.log = redo(self.log, by="kim", at=AT, edit_id=edit_id)
        self._stamp()
        return self.log[-1].edit_id

    def active(self) -> list[str]:
        return [edit_id for edit_id, is_active in active_by_id(self.log).items() if is_active]

    def edit(self, edit_id: str) -> BaseEdit:
        return next(record.edit for record in self.log if record.edit_id == edit_id and record.edit is not None)

    def link(self, identity_id: str, cast_id: str | None) -> None:
        step = link_identity_to_cast(
            self.links,
            identity_id=identity_id,
            cast_id=cast_id,
            by="operator",
            who="kim",
            at=AT,
            event_id=f"{len(self.commands)}",
            expected_version=self.links.version,
        )
        self._links_changed("link", (step,), None)

    def undo_link(self) -> None:
        made = choose_undo(self.commands)
        steps = replay(self.links, made, action="undo", who="kim", at=AT, event_id=f"{len(self.commands)}")
        self._links_changed("undo", steps, made.version)

    def redo_link(self) -> None:
        made = choose_redo(self.commands)
        steps = replay(self.links, made, action="redo", who="kim", at=AT, event_id=f"{len(self.commands)}")
        self._links_changed("redo", steps, made.version)

    def run_again(self) -> None:
        """The episode is analysed again: other track ids, times a little off, here and there a track in two."""
        before = self._grounds[self.run]
        tracks: list[TrackRow] = []
        vectors: list[Floats | None] = []
        for row, vector in zip(before.joined.tracks, before.joined.vectors, strict=True):
            shift = self.random.uniform(-0.05, 0.05)
            start_s, end_s = max(0.0, row.start_s + shift), row.end_s + shift
            middle = (start_s + end_s) / 2
            spans = (
                [(start_s, middle - 0.02), (middle + 0.02, end_s)] if self.random.random() < 0.1 else [(start_s, end_s)]
            )
            for begin, end in spans:
                name = track_id(0, 1 + len(tracks) + 200 * (self.run + 1))
                tracks.append(row.model_copy(update={"track_id": name, "start_s": begin, "end_s": end}))
                vectors.append(vector)
        ground = self._ground(tracks, vectors, before.duration_s)
        least = 1 + max(highest_number_made(self.log), self._ids[-1].highest_number)
        ids = carried_ids(
            ground.machine(self._rules),
            ground.joined.tracks,
            self._ids[-1],
            before.joined.tracks,
            RULES.carry,
            least_number=least,
        )
        self._grounds.append(ground)
        self._ids.append(ids)
        self.run += 1

    def erase(self, identity_id: str, *, times_stay: bool = False) -> tuple[str, ...]:
        """Forget all tracks of somebody in the latest run, as the grouper does; returns which these were."""
        edited, ground = self.grouped(), self._grounds[self.run]
        (names,) = (one.track_ids for one in self.identities(edited) if one.identity_id == identity_id)
        rows = ground.joined.tracks
        forgotten = forgotten_tracks(
            names, base=rows, tracks=edited.grouping.tracks, faces=edited.faces, times_stay=times_stay
        )
        places = {face.embedding_row: face.embedding_row for face in ground.faces if face.embedding_row is not None}
        faces = forget_faces(ground.faces, forgotten=forgotten.faces, places=places)
        tracks: list[TrackRow] = []
        vectors: list[Floats | None] = []
        for row, vector in zip(rows, ground.joined.vectors, strict=True):
            kept, its = row, None if row.track_id in forgotten.blank else vector
            if row.track_id in forgotten.stretches:
                own = [face for face in faces if face.track_id == row.track_id]
                kept, its = pooled(row, own, ground.face_vectors, PoolingRules())
            if row.track_id not in forgotten.gone:
                tracks.append(kept)
                vectors.append(its)
        joined = replace(ground.joined, tracks=tuple(tracks), vectors=tuple(vectors))
        asked = [Overrides(), *(one for edit in active_edits(self.log) if (one := edit.thresholds()))]
        ids = self._ids[self.run].with_groupings(
            {one.key: ground.machine(overridden(self._rules, one)) for one in asked}
        )
        ids = with_people(ids, rows)
        self.log = forget_in_log(self.log, run_id=self.run_id, tracks=() if times_stay else names, texts=())
        named = named_in(self.log, self.run_id, self._tracks_of_runs(), RULES.carry)
        self._ids[self.run] = ids.without(forgotten.gone, forgotten.erased_of, named)
        self._grounds[self.run] = replace(ground, joined=joined, faces=faces)
        self.erased[self.run_id] = (*self.erased.get(self.run_id, ()), *forgotten.erased)
        self._machines.clear()
        return names

    def grouped(self, log: EditLog | None = None) -> EditedGrouping:
        """The latest run with the edits in force in a log, the episode's own by default."""
        ground, ids = self._grounds[self.run], self._ids[self.run]
        records = active_records(self.log if log is None else log)
        resolver = Resolver(
            self.run_id, self._tracks_of_runs(), RULES.carry, self.erased, ids.forgotten, ids.forgotten_of
        )
        resolved = resolver.resolve(records, ids.made)
        in_force = thresholds_in_force(self._rules, resolved.edits)
        key = (self.run, in_force.model_dump_json())
        if key not in self._machines:
            self._machines[key] = ground.machine(in_force)
        machine = self._machines[key]
        return group_edited(ground, resolved, ids, thresholds=self._rules, pooling=PoolingRules(), machine=machine)

    def _tracks_of_runs(self) -> Mapping[str, Sequence[TrackRow]]:
        return {RUNS[run]: one.joined.tracks for run, one in enumerate(self._grounds)}

    def identities(self, edited: EditedGrouping) -> tuple[Identity, ...]:
        return identities_document(
            edited.grouping, edited.faces, ep_id=EP_ID, run_id=self.run_id, revision=1
        ).identities

    def who_is_who(self) -> People:
        edited, ids = self.grouped(), self._ids[self.run]
        found = people_of(self.identities(edited), edited.grouping.tracks, ids)
        return replace(found, next_number=1 + max(ids.highest_number, highest_number_made(self.log)))

    def machine_ids(self) -> Mapping[str, str]:
        """Track -> its identity while nobody edits anything."""
        return {track: one for one, own in self._ids[self.run].people.items() for track in own}

    def forgotten_names(self) -> set[str]:
        """The erased tracks that are remembered, by what edits call them, in whatever run these were made."""
        ids = self._ids[self.run]
        return {*ids.forgotten, *(name for names in ids.forgotten_of.values() for name in names)}

    def snapshot(self, log: EditLog | None = None) -> Snapshot:
        edited = self.grouped(log)
        identities = self.identities(edited)
        present = {one.identity_id for one in identities}
        links = effective_links(self.links, ()).links
        counted: list[CastLink] = [link for link in links if link.identity_id in present]
        duration_s = self._grounds[self.run].duration_s
        shots = [SHOT.model_copy(update={"end_s": duration_s})]
        screen_time = compute_screen_time(
            EpisodeRun(ep_id=EP_ID, run_id=self.run_id, revision=1, duration_s=duration_s),
            Seen(tracks=edited.grouping.tracks, shots=shots),
            Named(identities=identities, links=counted, cast_names=self.names),
            rules=ScreenTimeRules(),
            visibility=VisibilityRules(),
        )
        return Snapshot(
            people={one.identity_id: one.track_ids for one in identities},
            labels={one.identity_id: one.label for one in identities},
            locked=frozenset(one.identity_id for one in identities if one.locked),
            rescued=frozenset(track for one in identities for track in one.rescued_track_ids),
            links={link.identity_id: link.cast_id for link in counted},
            resting=frozenset(link.identity_id for link in links if link.identity_id not in present),
            screen_time=screen_time,
            problems=sentences(edited.grouping.warnings),
        )

    def _stamp(self) -> None:
        last = self.log[-1].model_copy(update={"run_id": self.run_id, "version": len(self.log)})
        self.log = (*self.log[:-1], last)

    def _links_changed(self, action: str, steps: Sequence[LinkTransition], target: int | None) -> None:
        state, changes = as_one_version(self.links, steps)
        made = LinkCommand.model_validate(
            {
                "version": state.version,
                "command_id": f"c{state.version}",
                "action": action,
                "who": "kim",
                "at": AT,
                "changes": changes,
                "target": target,
            }
        )
        self.links, self.commands = state, (*self.commands, made)

    def _first_run(self) -> GroupingInput:
        rows: list[TrackRow] = []
        vectors: list[Floats | None] = []
        start_s = 0.0
        for number in range(1, self.tracks + 1):
            beside = number > 1 and self.random.random() < 0.15
            if not beside:
                start_s += 6.0
            length = self.random.choice([0.6, 1.5, 3.0, 5.0])
            kind = self.random.choices(["good", "poor", "none"], [8, 2, 1])[0]
            person = self.random.randrange(self.people)
            rows.append(_row(number, start_s, start_s + length, kind, PLACES[int(beside)]))
            vectors.append(None if kind == "none" else _vector(person, number, 0.1 if kind == "good" else 0.2))
        return self._ground(rows, vectors, start_s + 10.0)

    def _ground(self, tracks: list[TrackRow], vectors: list[Floats | None], duration_s: float) -> GroupingInput:
        faces: list[FaceRow] = []
        face_vectors: list[Floats] = []
        for row, vector in zip(tracks, vectors, strict=True):
            for place in range(FACES if vector is not None else 0):
                ts_s = row.start_s + (place + 0.5) * (row.end_s - row.start_s) / FACES
                faces.append(_face(row, ts_s, len(face_vectors)))
                face_vectors += [vector] if vector is not None else []
        joined = JoinedEpisode(tracks=tuple(tracks), vectors=tuple(vectors), shots=(), must_links=())
        return GroupingInput(
            joined=joined,
            faces=faces,
            face_vectors=np.stack(face_vectors) if face_vectors else np.zeros((0, 32), dtype=np.float32),
            duration_s=duration_s,
            sample_period_s=0.125,
        )


SHOT = ShotRow(shot_id="shot-00000-001", segment=0, start_s=0.0, end_s=1.0, starts_with="start", ends_with="end")


def _row(number: int, start_s: float, end_s: float, kind: str, box: Box) -> TrackRow:
    has_vector = kind != "none"
    return TrackRow(
        ep_id=EP_ID,
        segment=0,
        track_id=track_id(0, number),
        shot_id=SHOT.shot_id,
        start_s=start_s,
        end_s=end_s,
        first_frame=round(8 * start_s),
        last_frame=round(8 * end_s),
        first_bbox=box,
        last_bbox=box,
        detections=max(1, round(8 * (end_s - start_s))),
        mean_conf=0.9,
        mean_size=0.4,
        quality=0.8 if kind == "good" else 0.3,
        model_id="model-a" if has_vector else None,
        samples=FACES if has_vector else 0,
        spread=0.12 if has_vector else None,
        low_quality=kind != "good",
        rejection=None if kind == "good" else "low_quality" if has_vector else "no_face_sampled",
    )


def _face(row: TrackRow, ts_s: float, number: int) -> FaceRow:
    frame = round(1000 * ts_s)
    return FaceRow(
        ep_id=EP_ID,
        segment=0,
        face_id=face_id(row.track_id, frame),
        track_id=row.track_id,
        frame_idx=frame,
        ts_s=ts_s,
        bbox=row.first_bbox,
        landmarks=(0.1,) * 10,
        conf=0.9,
        quality=FaceQuality(score=row.quality, confidence=1, size=1, sharpness=1, contrast=1, frontality=1),
        crop=f"s3://bucket/crops.zip#chips/{row.track_id}/{frame:07d}.jpg",
        embedding_row=number,
        model_id="model-a",
        low_quality=row.low_quality,
    )
