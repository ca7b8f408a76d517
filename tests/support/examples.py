"""One valid example of every event."""

from __future__ import annotations

from contracts import events as e
from contracts.blobs import BlobRef, PictureRef, VideoRef
from contracts.cast import MemberDetails
from contracts.external_ids import PersonIds
from contracts.sign_off import SignOff

RUN = "01JGFJJZ00ABCDEFGHJKMNPQRS"
EP = "my-show-s01e02"
SHA = "0" * 63 + "a"


def blob(name: str = "x.jsonl") -> BlobRef:
    return BlobRef(uri=f"s3://bucket/{name}", sha256=SHA, bytes=12, media_type="application/x-ndjson", schema=None)


EXAMPLES: tuple[e.Event, ...] = (
    e.EpisodeUploaded(
        ep_id=EP, video=VideoRef(uri="s3://bucket/v.mp4", sha256=SHA, bytes=9), title="Ünï", profile="balanced"
    ),
    e.CastUploaded(
        show="my-show",
        cast=(
            e.CastPictures(
                cast_id="ada",
                name="Ada",
                pictures=(PictureRef(uri="s3://bucket/a.jpg", sha256=SHA, bytes=3, filename="Ada/1.jpg"),),
            ),
        ),
        request_id="r1",
    ),
    e.FacebankUpdated(
        show="my-show",
        request_id="r1",
        revision=1,
        verdicts=(e.PictureVerdict(cast_id="ada", filename="Ada/1.jpg", accepted=True, code="ok", message="Used."),),
    ),
    e.RunStarted(
        ep_id=EP,
        run_id=RUN,
        upload_event_id="u",
        segments=4,
        duration_s=80.0,
        profile="balanced",
        width=1280,
        height=720,
        codec="h264",
    ),
    e.RunCancelled(ep_id=EP, run_id=RUN, reason="superseded"),
    e.SegmentReady(
        ep_id=EP,
        run_id=RUN,
        segment=3,
        segments=4,
        video=blob("v.mp4"),
        stream_index=0,
        origin_s=0.0,
        start_s=60.0,
        end_s=80.0,
        duration_s=80.0,
        profile="balanced",
    ),
    e.SegmentTracked(
        ep_id=EP,
        run_id=RUN,
        segment=3,
        segments=4,
        artifacts={"tracks": blob()},
        start_s=60.0,
        end_s=80.0,
        duration_s=80.0,
        profile="balanced",
        sample_period_s=0.125,
        cut_at_end=False,
        decoded_frames=500,
        analysed_frames=160,
    ),
    e.SegmentEmbedded(
        ep_id=EP,
        run_id=RUN,
        segment=3,
        segments=4,
        artifacts={"tracks": blob()},
        start_s=60.0,
        end_s=80.0,
        duration_s=80.0,
        profile="balanced",
        sample_period_s=0.125,
        cut_at_end=False,
        decoded_frames=500,
        analysed_frames=160,
    ),
    e.EpisodeGrouped(
        ep_id=EP,
        run_id=RUN,
        revision=1,
        duration_s=80.0,
        profile="balanced",
        artifacts={"tracks": blob()},
        clusters=2,
        tracks=5,
    ),
    e.CastLinked(
        ep_id=EP,
        run_id=RUN,
        identity_id="identity-00001",
        cast_id="ada",
        by="auto",
        probability=0.99,
        margin=0.9,
        revision=1,
    ),
    e.ScreenTimeReported(
        ep_id=EP,
        run_id=RUN,
        revision=1,
        duration_s=80.0,
        report=blob("report.html"),
        manifests={"screen_time.json": blob()},
        cast=(e.VisibleSeconds(cast_id="ada", name="Ada", visible_s=12.5),),
        unidentified=1,
    ),
    e.ClustersEdited(
        ep_id=EP,
        run_id=RUN,
        version=3,
        edit_id="01JGFJJZ00ABCDEFGHJKMNPQRT",
        action="apply",
        kind="merge",
        who="otto",
        at="2026-01-02T03:04:05+00:00",
    ),
    e.LinksChanged(
        ep_id=EP,
        run_id=RUN,
        version=5,
        action="link",
        identity_id="identity-00001",
        cast_id="ada",
        who="otto",
        at="2026-01-02T03:04:05+00:00",
    ),
    e.ReportRequested(ep_id=EP, run_id=RUN, cause="5a0f7c9e-0000-5000-8000-000000000001"),
    e.EpisodeChanged(ep_id=EP, action="updated", version=2, title="Pilot", air_date="2026-01-02"),
    e.EpisodeDeleted(ep_id=EP, last_run_id=RUN, version=3, who="ada"),
    e.CastChanged(show="my-show", revision=4, action="renamed", cast_id="ada", name="Ada", who="otto"),
    e.ScreenTimeSigned(
        ep_id=EP,
        run_id=RUN,
        version=1,
        action="sign",
        who="Kim",
        at="2026-11-29T10:00:00.000+00:00",
        signed_off=SignOff(
            run_id=RUN,
            revision=3,
            who="Kim",
            at="2026-11-29T10:00:00.000+00:00",
            undecided_s=1.5,
            total_s=80.0,
            open_questions=2,
            at_stake_s=0.75,
        ),
    ),
    e.CastDescribed(
        show="my-show",
        revision=5,
        cast_id="ada",
        details=MemberDetails(external_ids=PersonIds(imdb="nm0000007"), role="guest", characters=("The Baroness",)),
        who="otto",
    ),
    e.PersonErased(
        show="my-show",
        erasure_id="01JGFJJZ00ABCDEFGHJKMNPQRS",
        action="requested",
        cast_id="ada",
        who="otto",
        at="2026-01-02T03:04:05+00:00",
    ),
    e.TracksErased(
        ep_id=EP, run_id=RUN, erasure_id="01JGFJJZ00ABCDEFGHJKMNPQRS.1", track_ids=("track-00000-001",), texts=("Ada",)
    ),
    e.ShowDeleted(show="my-show", revision=5, at="2026-01-02T03:04:05+00:00", who="otto"),
    e.EpisodeProgress(ep_id=EP, run_id=RUN, stage="detector", segment=3, done=1, total=4, media_s=20.0, busy_s=5.0),
    e.EpisodeFailed(ep_id=EP, run_id=RUN, stage="ingest", code="not_a_video", message="The file is not a video."),
)
