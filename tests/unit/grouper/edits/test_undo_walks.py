"""Random walks of operators: what was undone leaves no trace, and nobody's name goes to whom no command named."""

from __future__ import annotations

from collections.abc import Container, Iterable
from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chassis.errors import BadInput
from services.grouper.edits.kinds import (
    Command,
    DropTracks,
    KeepApart,
    LockCluster,
    MergeClusters,
    MoveTimeRange,
    MoveTracks,
    Overrides,
    ReclusterEpisode,
    RenameCluster,
    RestoreTracks,
    SplitCluster,
    UnlockCluster,
)
from services.grouper.edits.log import NothingToChangeError, active_records
from services.grouper.edits.people import People
from services.grouper.tracks.cutting import whole_of
from tests.support.edited_episode import EditedEpisode, Snapshot

STEPS = 300


def any_command(random: Random, people: People) -> Command:
    """A command such as an operator might think of; many are refused."""
    ids = sorted(people.identities)
    tracks = sorted(people.tracks)
    one, other = random.choice(ids), random.choice(ids)
    own = sorted(people.identities[one].track_ids)
    some = tuple(random.sample(own, random.randint(1, len(own))))
    any_tracks = tuple(random.sample(tracks, random.randint(1, min(3, len(tracks)))))
    row = people.tracks[random.choice(tracks)]
    start, end = sorted(random.uniform(row.start_s, row.end_s) for _ in range(2))
    target = random.choice([None, other])
    return random.choice(
        [
            MergeClusters(target=one, sources=(other,)),
            MergeClusters(target=one, sources=tuple(random.sample(ids, min(2, len(ids))))),
            SplitCluster(identity_id=one, track_ids=some),
            MoveTracks(track_ids=some, target=target),
            MoveTracks(track_ids=any_tracks, target=target),
            MoveTimeRange(track_id=row.track_id, start_s=start, end_s=max(end, start + 0.1), target=target),
            KeepApart(first=one, second=other),
            LockCluster(identity_id=one),
            UnlockCluster(identity_id=one),
            DropTracks(track_ids=any_tracks[:1]),
            RestoreTracks(track_ids=any_tracks[:1]),
            RenameCluster(identity_id=one, label=random.choice(["The waiter", "The neighbour", None])),
            ReclusterEpisode(overrides=Overrides(merge_distance=random.choice([0.15, 0.26, 0.5, None]))),
        ]
    )


def step(random: Random, episode: EditedEpisode) -> str | None:
    """One thing that somebody does; the id of the edit that was made, undone or redone."""
    people = episode.who_is_who()
    try:
        match random.choices(["edit", "undo", "redo", "link", "links", "cast"], [6, 3, 1, 2, 1, 1])[0]:
            case "edit":
                return episode.command(any_command(random, people))
            case "undo":
                return episode.undo(random.choice([None, *episode.active()]))
            case "redo":
                return episode.redo()
            case "link":
                episode.link(random.choice(sorted(people.identities)), random.choice([*sorted(episode.names), None]))
            case "links":
                random.choice([episode.undo_link, episode.redo_link])()
            case "cast":
                episode.names[random.choice(sorted(episode.names))] = random.choice(["Kim", "Ann", "Ben"])
    except (BadInput, NothingToChangeError, IndexError):
        return None
    return None


def undo_everything(episode: EditedEpisode, names: dict[str, str], random: Random) -> None:
    while active := episode.active():
        episode.undo(random.choice(active))
    while True:
        try:
            episode.undo_link()
        except BadInput:
            break
    episode.names = dict(names)


def wholes(tracks: Iterable[str], names: Container[str]) -> set[str]:
    """The tracks of which these are, or were cut."""
    return {whole for track in tracks if (whole := whole_of(track, names)) is not None}


def untouched(episode: EditedEpisode, snapshot: Snapshot) -> list[str]:
    """Tracks of people of whose tracks no edit in force names any, leftovers left out."""
    machine = episode.machine_ids()
    named: set[str] = set()
    for record in active_records(episode.log):
        if record.edit is not None:
            if record.edit.thresholds() is not None:
                return []
            named |= wholes(record.edit.named_tracks(), machine)
    people = {machine[track] for track in named}
    lone = {one for one in machine.values() if list(machine.values()).count(one) == 1}
    skip = people | lone
    return [one for one in machine if machine[one] not in skip and one not in snapshot.rescued]


def cut_and_forgotten(episode: EditedEpisode) -> bool:
    """Whether an edit in force cuts a track of which only the name and the length are remembered: it is one piece then."""
    names = episode.forgotten_names()
    records = active_records(episode.log)
    return any(one.edit is not None and (cut := one.edit.stretch()) and cut[0] in names for one in records)


walks = given(seed=st.integers(0, 2**32), tracks=st.integers(4, 24), people=st.integers(1, 8))
few = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))


@few
@walks
def test_after_everything_was_undone_all_is_as_it_was(seed: int, tracks: int, people: int) -> None:
    random = Random(seed)
    episode = EditedEpisode(random, tracks, people)
    names, original = dict(episode.names), episode.snapshot()
    for _ in range(STEPS):
        step(random, episode)
    undo_everything(episode, names, random)
    assert episode.snapshot() == original


@few
@walks
def test_what_was_undone_is_as_if_it_had_never_been_done(seed: int, tracks: int, people: int) -> None:
    random = Random(seed)
    episode = EditedEpisode(random, tracks, people)
    for number in range(STEPS):
        step(random, episode)
        if number % 10 == 0 and (active := episode.active()):
            chosen = random.choice(active)
            episode.undo(chosen)
            without = tuple(record for record in episode.log if record.edit_id != chosen)
            in_force = tuple(record for record in active_records(episode.log))
            assert episode.snapshot() == episode.snapshot(without) == episode.snapshot(in_force)


@few
@walks
def test_nobody_changes_whom_no_command_in_force_names(seed: int, tracks: int, people: int) -> None:
    random = Random(seed)
    episode = EditedEpisode(random, tracks, people)
    machine = episode.machine_ids()
    for _ in range(STEPS):
        step(random, episode)
        snapshot = episode.snapshot()
        identity_of = snapshot.identity_of()
        for track in untouched(episode, snapshot):
            assert identity_of[track] == machine[track]
        everybody = [one for own in snapshot.people.values() for one in own]
        assert len(everybody) == len(set(everybody))
        nobody = {
            track
            for one in episode.log
            if one.edit is not None and one.edit.kind == "drop"
            for track in one.edit.track_ids
        }
        assert wholes(everybody, machine) | wholes(nobody, machine) == set(machine)
        linked = {link.identity_id for link in episode.links.links}
        assert linked == set(snapshot.links) | snapshot.resting
        assert set(snapshot.links) <= set(snapshot.people) and snapshot.resting.isdisjoint(snapshot.people)


@few
@walks
def test_a_step_changes_nobody_but_whom_it_names(seed: int, tracks: int, people: int) -> None:
    random = Random(seed)
    episode = EditedEpisode(random, tracks, people)
    machine = episode.machine_ids()
    before = episode.snapshot()
    for _ in range(STEPS):
        edit_id = step(random, episode)
        after = episode.snapshot()
        edit = None if edit_id is None else episode.edit(edit_id)
        if edit is None or edit.thresholds() is None:
            named = wholes(edit.named_tracks() if edit is not None else (), machine)
            for one in before.people.keys() & after.people.keys():
                was, now = set(before.people[one]), set(after.people[one])
                moved = (was ^ now) - before.rescued - after.rescued
                if moved and named.isdisjoint(wholes(was | now, machine)):
                    assert any(len(one) == 1 for one in (was, now)), (one, was, now, edit)
        before = after


@few
@walks
def test_people_keep_ids_names_and_links_over_runs(seed: int, tracks: int, people: int) -> None:
    random = Random(seed)
    episode = EditedEpisode(random, tracks, people)
    names = dict(episode.names)
    for _ in range(3):
        for _ in range(STEPS // 3):
            step(random, episode)
        before = episode.machine_ids()
        earlier = episode.snapshot(())
        episode.run_again()
        undone = episode.snapshot(())
        assert undone.people.keys() >= set(before.values()) & undone.people.keys()
        shared = earlier.people.keys() & undone.people.keys()
        assert 2 * len(shared) >= len(earlier.people)
        assert {one: undone.links[one] for one in shared if one in earlier.links} == {
            one: earlier.links[one] for one in shared if one in earlier.links
        }
    original = episode.snapshot(())
    undo_everything(episode, names, random)
    assert episode.snapshot().people == original.people
    assert not episode.snapshot().links and not episode.snapshot().resting


@settings(few, max_examples=6)
@given(
    seed=st.integers(0, 2**32),
    tracks=st.integers(4, 24),
    people=st.integers(1, 8),
    steps=st.sampled_from([0, 10, 60]),
    runs=st.integers(1, 3),
    times_stay=st.booleans(),
)
def test_whoever_is_erased_the_others_are_who_they_were(
    seed: int, tracks: int, people: int, steps: int, runs: int, times_stay: bool
) -> None:
    random = Random(seed)
    episode = EditedEpisode(random, tracks, people)
    names = dict(episode.names)
    for number in range(runs):
        if number:
            episode.run_again()
        for _ in range(steps // runs):
            step(random, episode)
    original, before = episode.snapshot(()), episode.snapshot()
    erased = set(episode.erase(random.choice(sorted(before.people)), times_stay=times_stay))
    assume(not cut_and_forgotten(episode))
    after = episode.snapshot()
    loose = before.rescued | after.rescued | (set() if times_stay else erased)
    was, now = before.identity_of(), after.identity_of()
    assert {track: now.get(track) for track in was if track not in loose} == {
        track: one for track, one in was.items() if track not in loose
    }
    assert now.keys() == was.keys() - (set() if times_stay else erased)
    assert {one: after.labels[one] for one in after.people.keys() & before.people.keys()} == {
        one: before.labels[one] for one in after.people.keys() & before.people.keys()
    }
    undo_everything(episode, names, random)
    undone, machine = episode.snapshot().identity_of(), episode.machine_ids()
    left = undone.keys() - wholes(erased, machine) - original.rescued
    assert {track: undone[track] for track in left if track in machine} == {
        track: one for track, one in original.identity_of().items() if track in left
    }
