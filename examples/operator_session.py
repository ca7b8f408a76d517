"""An operator's session over the HTTP API, from the upload of a video to corrections that outlive a re-run.

    screenalytics up                                  # prints SCREENALYTICS_API_URL
    python examples/operator_session.py VIDEO CAST --episode my-show-s01e01

VIDEO is an episode, CAST a folder with one folder of pictures per person. Nobody is known at first: the three most visible
people are named by their pictures, two clusters are merged, one is split, the split is undone, the episode is processed
again, and every correction is still there. Prints what happens; `--json` prints a summary instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from contracts.ids import show_of, slugify
from screenalytics.http_client import models
from screenalytics.http_client.client import Client

NAMED = 3
PATIENCE_S = 300.0
WAIT_S = 10.0


def upload(api: Client, video: Path, ep_id: str, profile: Any) -> str:
    """Put the video into S3 in parts, let the API check it, and begin a run; returns its id."""
    content = video.read_bytes()
    wanted = models.NewUpload(
        ep_id=ep_id,
        filename=video.name,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        profile=profile,
    )
    begun = api.begin_upload(wanted).data
    start = 0
    for part in begun.urls or []:
        httpx.put(part.url, content=content[start : start + part.bytes], timeout=60).raise_for_status()
        start += part.bytes
    done = api.complete_upload(begun.upload_id).data
    assert done.run_id is not None
    return done.run_id


def follow(api: Client, ep_id: str, run_id: str) -> None:
    """Follow the run's progress to its end.

    Raises:
        RuntimeError: when it ends in another way than finished.
    """
    for _, event, _data in api.stream_episode_events(ep_id):
        if event == "end":
            break
    deadline = time.monotonic() + PATIENCE_S
    while (run := api.get_run(ep_id, run_id).data).state in {"requested", "running"}:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{run_id} does not end")
        time.sleep(0.5)
    if run.state != "finished":
        raise RuntimeError(f"{run_id} is {run.state}: {run.failure}")


def name_people(api: Client, ep_id: str, cast: Path) -> dict[str, str]:
    """Add the cast's first members with their pictures, and apply what is then suggested; identity id -> cast id."""
    show = show_of(ep_id)
    for folder in sorted(path for path in cast.iterdir() if path.is_dir())[:NAMED]:
        cast_id = slugify(folder.name)
        api.add_cast_member(show, models.NewMember(name=folder.name, cast_id=cast_id))
        files = [("pictures", (one.name, one.read_bytes(), "image/jpeg")) for one in sorted(folder.glob("*.jpg"))]
        verdicts = api.add_pictures(show, cast_id, files).data
        print(f"{folder.name}: {verdicts.accepted} of {len(files)} pictures are used", file=sys.stderr)
    links = api.read_links(ep_id)
    applied = api.apply_all_suggestions(ep_id, models.ApplyAll(why="sure enough"), if_match=links.etag, wait_s=WAIT_S)
    return {link.identity_id: link.cast_id for link in applied.data.applied}


def unidentified(api: Client, ep_id: str) -> list[models.IdentitySummary]:
    """Whom nobody has named yet, most visible first."""
    return api.list_identities(ep_id, state="unidentified", limit=100).data.items


def tracks_of(api: Client, ep_id: str, identity_id: str) -> list[str]:
    """The tracks of a person, in order of time."""
    return [track.track_id for track in api.read_cluster(ep_id, identity_id, limit=500).data.members.items]


def correct(api: Client, ep_id: str, named: dict[str, str]) -> dict[str, Any]:
    """Merge the two most visible unknown people, split a named one, and think better of the split."""
    first, second = (person.identity_id for person in unidentified(api, ep_id)[:2])
    together = sorted(tracks_of(api, ep_id, first) + tracks_of(api, ep_id, second))
    etag = api.list_edits(ep_id).etag
    merge = models.MergeClusters(target=first, sources=[second], why="the same extra")
    merged = api.merge_clusters(ep_id, merge, if_match=etag, wait_s=WAIT_S)
    assert sorted(tracks_of(api, ep_id, first)) == together

    whole = max(named, key=lambda one: len(tracks_of(api, ep_id, one)))
    before = tracks_of(api, ep_id, whole)
    split = models.SplitCluster(identity_id=whole, track_ids=before[-1:], why="somebody else?")
    parted = api.split_cluster(ep_id, split, if_match=merged.etag, wait_s=WAIT_S)
    assert tracks_of(api, ep_id, whole) == before[:-1]
    undo_until_reported(api, ep_id, if_match=parted.etag)
    assert tracks_of(api, ep_id, whole) == before
    return {"merged": [first, second], "together": len(together), "split": whole}


def undo_until_reported(api: Client, ep_id: str, *, if_match: str | None) -> None:
    """Undo the latest edit and wait until the screen time says so: sent again, the same command waits on."""
    deadline = time.monotonic() + PATIENCE_S
    command: dict[str, Any] = {"if_match": if_match, "idempotency_key": uuid.uuid4().hex, "wait_s": WAIT_S}
    while api.undo_edit(ep_id, models.WhichEdit(), **command).data.revision is None:
        if time.monotonic() > deadline:
            raise RuntimeError("the corrections do not arrive in the screen time")


def session(api: Client, video: Path, cast: Path, ep_id: str, profile: Any) -> dict[str, Any]:
    """The whole session; returns what a test or a reader wants to check."""
    first_run = upload(api, video, ep_id, profile)
    follow(api, ep_id, first_run)
    unknown = unidentified(api, ep_id)
    print(f"{len(unknown)} people, none of them known", file=sys.stderr)
    named = name_people(api, ep_id, cast)
    print(f"named: {named}", file=sys.stderr)
    corrected = correct(api, ep_id, named)

    second_run = api.start_run(ep_id, models.NewRun(profile=profile, force=True)).data.run_id
    follow(api, ep_id, second_run)
    links = {link.identity_id: link.cast_id for link in api.read_links(ep_id).data.links}
    kept, gone = corrected["merged"]
    clusters = {cluster.identity_id: cluster.tracks for cluster in api.list_clusters(ep_id, limit=500).data.items}
    revisions = api.list_screen_time_revisions(ep_id, limit=100).data.items
    for revision in reversed(revisions):
        print(f"revision {revision.revision}: {' '.join(revision.changes) or 'the first of its run'}", file=sys.stderr)
    return {
        "runs": [first_run, second_run],
        "unknown_at_first": len(unknown),
        "named": named,
        "links_after_rerun": links,
        "merged_tracks": corrected["together"],
        "merged_tracks_after_rerun": clusters.get(kept),
        "merged_away_after_rerun": gone in clusters,
        "revisions": [
            {"run_id": one.run_id, "revision": one.revision, "changes": list(one.changes)}
            for one in reversed(revisions)
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="An operator's session over the HTTP API.")
    parser.add_argument("video", type=Path)
    parser.add_argument("cast", type=Path)
    parser.add_argument("--episode", default="session-s01e01")
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    url, key = os.environ["SCREENALYTICS_API_URL"], os.environ.get("SCREENALYTICS_API_KEY")
    with Client(url, key=key) as api:
        summary = session(api, arguments.video, arguments.cast, arguments.episode, arguments.profile)
    if arguments.json:
        print(json.dumps(summary))
    lost = [one for one, cast_id in summary["named"].items() if summary["links_after_rerun"].get(one) != cast_id]
    survived = not lost and summary["merged_tracks"] == summary["merged_tracks_after_rerun"]
    print("every correction is still there" if survived else "corrections were lost", file=sys.stderr)
    return 0 if survived else 1


if __name__ == "__main__":
    sys.exit(main())
