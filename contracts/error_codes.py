"""Every error code, once: codes are stable, their sentences are for people and may change.

A code is told as an HTTP answer of a status, as an `episode.failed`, as the verdict on a reference picture, or by a
dead letter. The message that comes with it names the thing at hand; `advice` is what to do about the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Told = Literal[
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    412,
    413,
    415,
    422,
    428,
    429,
    500,
    503,
    "episode.failed",
    "picture",
    "dead letter",
]


@dataclass(frozen=True)
class ErrorCode:
    """A code, how it is told, and what whoever is told does."""

    code: str
    told: tuple[Told, ...]
    advice: str


def _codes(*told: Told, **advice: str) -> tuple[ErrorCode, ...]:
    return tuple(ErrorCode(code, told, sentence) for code, sentence in advice.items())


ERROR_CODES: tuple[ErrorCode, ...] = (
    *_codes(
        400,
        bad_key="Rename the object: its key has a part or a character that leads elsewhere.",
        bad_request="Send a request that can be read.",
        sign_in_not_begun="Begin again at GET /session/oidc/start, in the browser that shall be signed in.",
    ),
    *_codes(401, not_authenticated="Send a key or token that is in force."),
    *_codes(
        403,
        forbidden="Ask somebody with the role, or for it; or for a key of that show.",
        csrf_missing="Send X-CSRF-Token as GET /session says it.",
        insecure_connection="Sign in over HTTPS.",
        foreign_page="Turn authentication on: without it, only pages of this machine may call.",
        no_role="Have a role put into the token.",
        redirect_not_allowed="Use the address that people sign in at, or have this one added to the settings.",
    ),
    *_codes(
        404,
        manifest_missing="Run the episode again: a file of this revision is not in the store any more.",
        no_pictures="Choose another person: no picture of this one was kept.",
        oidc_not_offered="Send a key or a token to POST /session, or have OIDC configured.",
        no_screen_time="Wait: the screen time appears when a run of the episode has finished.",
        not_found="Look at the address; the thing may be of a show that is not yours.",
        unknown_cast_member="List the cast to see who there is, or add them first.",
        unknown_edit="List the log of edits to see which there are.",
        unknown_episode="Create the episode first, or wait for its first report.",
        unknown_erasure="List the erasures of the show to see which there are.",
        unknown_identity="List the identities again: this one may be merged.",
        unknown_key="List the keys to see which there are.",
        unknown_person="List the identities and the cast to see who there is.",
        unknown_picture="List the pictures to see which there are.",
        unknown_question="Read the review queue again: the question was answered, or what it was about is gone.",
        unknown_revision="List the revisions to see which there are.",
        unknown_run="List the runs to see which there are.",
        unknown_show="Create the show first.",
        unknown_step="Read the history again to see which there are.",
        unknown_track="List the tracks again: an edit may have cut this one.",
        unknown_upload="Begin the upload again.",
        unknown_webhook="List the webhooks to see which there are.",
    ),
    *_codes(405, method_not_allowed="Look at the method."),
    *_codes(408, too_slow="Send the request again over a faster connection."),
    *_codes(
        409,
        another_model_served="Start the services again with the model that you mean.",
        cast_id_taken="Rename who has the id, or give the new member another one.",
        cast_member_linked="Take the links away first, or say that they go too.",
        change_superseded="Undo the later change of this identity first.",
        command_id_used="Send another command with an Idempotency-Key of its own.",
        contended="Send it again: many change the same thing at the moment.",
        edit_log_full="Name fewer tracks at once; undoing and redoing still work.",
        episode_exists="Choose another id, or use the episode that is there.",
        facebank_busy="Send it again: many change the cast at the moment.",
        identity_locked="Unlock the identity before changing it.",
        link_history_full="Name fewer identities at once; undoing and redoing still work.",
        linked_by_operator="Take the link away instead: a person made it.",
        links_busy="Send it again: many change the links at the moment.",
        looks_like_one_person="Split off the tracks that you name: no second person was found.",
        no_run="Start a run first.",
        looks_unknown="Run the episode again: it was analysed before it was noted what its pictures look like.",
        size_unknown="Run the episode again: how large its picture is was not noted.",
        no_video="Upload a video, or register one that is in the bucket.",
        nothing_to_reuse="Start a run that reads the video.",
        not_grouped_yet="Wait until the current run has come that far.",
        not_linked="Say who it is first: it is linked to nobody, or to somebody else.",
        not_locked="Leave it: the identity is not locked.",
        not_suggested="Link them by hand: they are not suggested (any more).",
        revision_superseded="Look at the revision that is shown now, and sign that one.",
        signed_in_already="Sign out first, or send a key or a token.",
        sign_offs_busy="Send it again: many sign off at the moment.",
        nothing_to_change="Leave it: it is so already.",
        nothing_to_redo="Leave it: nothing that was taken back can be made again.",
        nothing_to_undo="Leave it: nothing in force can be taken back.",
        run_finished="Start a new run: this one is finished.",
        run_not_open="Start a new run: this one is closed.",
        run_not_planned="Wait until the run is planned.",
        run_not_resumable="Start a new run: only failed and cancelled ones can be taken up again.",
        run_superseded="Use the later run.",
        show_exists="Choose another slug.",
        suggestion_dismissed="Restore the suggestion first.",
        too_many_webhooks="Delete a webhook that nobody needs.",
        too_busy="Send it again: many edit the episode at the moment.",
        upload_closed="Begin a new upload: this one is finished or given up.",
        upload_incomplete="Send the parts that are missing.",
        webhook_exists="Change the webhook that is there: it tells the same address the same.",
        webhook_off="Turn the webhook on first.",
    ),
    *_codes(
        409,
        "picture",
        consent_missing="Record the legal basis of the cast member before their pictures are used.",
        person_erased="Choose another cast_id: somebody with this one was erased.",
    ),
    *_codes(
        409,
        "episode.failed",
        episode_taken="Choose another episode id, or send the video with `force` to replace the one that is there.",
    ),
    *_codes(
        412, version_conflict="Read again and decide again; `details.version` and `ETag` say the version there is."
    ),
    *_codes(413, too_large="Send large videos in parts by `POST /uploads`."),
    *_codes(415, unsupported_media_type="Send JSON, or multipart for files; UTF-8, not compressed."),
    *_codes(
        422,
        already_there="Name other tracks: these are in that group.",
        bad_cursor="Begin the list again, with cursors of its own.",
        bad_if_match="Send the version as the ETag said it, or `*`.",
        bad_range="Name a range of the episode, its end behind its start.",
        bad_webhook_url="Name an https address of a public host.",
        bad_timecode="Send HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame.",
        hash_mismatch="Send the file again: what arrived is not what was announced.",
        invalid_request="Mend the fields that `details.problems` names.",
        no_drop_frame="Send a timecode without drop-frame: only 29.97 and 59.94 have it.",
        no_picture="Name another time: there is no picture of this one.",
        not_a_part="Name tracks of that identity, and not all of them.",
        not_inline="Ask for this format as a download.",
        not_our_object="Name an object of the bucket that the service uses.",
        other_show="Ask with an episode of the same show.",
        outside_episode="Name a time within the episode.",
        outside_track="Name a range within the track.",
        same_identity="Name two different identities.",
        same_episode="Name two episodes; two revisions of one are compared by its diff.",
        same_person="Name two different people.",
        too_many_tracks="Split the identity by hand: it has too many tracks to compare.",
        video_too_large="Cut the video, or have the limit raised.",
    ),
    *_codes(428, precondition_required="Send `If-Match` with the ETag that you read."),
    *_codes(
        429,
        too_many_requests="Wait a little.",
        too_many_streams="Close another event stream, or wait a little.",
        too_many_uploads="Wait a little (`Retry-After`): many files are being sent at the moment.",
    ),
    *_codes(500, "episode.failed", internal_error="A defect here: the service's log and the dead letter say which."),
    *_codes(
        503,
        dependency_unavailable="Nothing was changed: try again (`Retry-After`).",
        too_many_connections="Nothing was changed: try again (`Retry-After`).",
    ),
    *_codes(
        "episode.failed",
        episode_deleted="Create the episode again: it was deleted meanwhile.",
        no_such_stream="Choose one of the video streams that the message names.",
        not_a_video="Upload a video file.",
        too_large_picture="Reduce the video's picture size.",
        too_long="Cut the video into episodes.",
        too_many_recordings="Join the recordings into one file: there are more of them than an episode has.",
        truncated_video="Upload the file again: its end is missing.",
        unsupported_codec="Convert the video to a codec that is supported.",
        video_missing="Upload the video again, or name the object that is there.",
        worker_crashed="Convert the video, or look at the service's log: its workers ended while they worked on it.",
        zero_duration="Upload a video with a length.",
    ),
    *_codes(
        422,
        "episode.failed",
        "picture",
        object_changed="Send the file again: it was changed after it was registered.",
        object_missing="Send the file again: it is not in the store any more.",
    ),
    *_codes(
        422,
        "episode.failed",
        decoder_crashed="Export the video again as MP4 (H.264) and upload that.",
        too_much_computing="Export the video again, or have the limit of the decoder's time raised.",
        too_much_memory="Export the video again, or have the limit of the decoder's memory raised.",
    ),
    *_codes(422, "episode.failed", no_video_stream="Upload a file with a picture, not sound alone."),
    *_codes(422, "episode.failed", empty_file="Upload the file again: it arrived empty."),
    *_codes(422, "episode.failed", unreadable="Upload the file again: nothing in it can be decoded."),
    *_codes(
        "picture",
        face_too_blurry="Use a sharper picture.",
        face_too_small="Use a picture on which the face is larger.",
        file_too_large="Use a smaller file.",
        looks_like_another="Look whether the picture shows whom it should: it looks more like somebody else.",
        near_duplicate="Leave it: a picture like this one is there.",
        ok="Nothing: the picture is used.",
        picture_too_large="Use a picture with fewer pixels.",
        picture_without_face="Use a picture that shows the face clearly.",
        several_faces="Use a picture of this person alone.",
        unreadable_picture="Use a JPEG, PNG or WebP that opens.",
    ),
    *_codes(
        "dead letter",
        no_type="Publish with CloudEvents headers: `ce_type` is missing.",
        not_json="Publish JSON.",
        schema="Publish what the schema of the event says.",
        unknown_type="Upgrade the services, or publish an event that they know.",
        wrong_topic="Publish the event into its own topic.",
    ),
)


def as_markdown() -> str:
    """The table of all codes: the committed docs/api/errors.md."""
    lines = [
        "# Error codes",
        "",
        "Every code, how it is told, and what to do about it. The `message` beside it names the thing at hand and is for",
        "people; programs go by `code`. Made from `contracts/error_codes.py`.",
        "",
        "| code | told as | what to do |",
        "|---|---|---|",
    ]
    for entry in sorted(ERROR_CODES, key=lambda entry: entry.code):
        told = ", ".join(f"HTTP {way}" if isinstance(way, int) else _WAYS[way] for way in entry.told)
        lines.append(f"| `{entry.code}` | {told} | {entry.advice} |")
    return "\n".join(lines) + "\n"


_WAYS = {"episode.failed": "`episode.failed`", "picture": "verdict on a picture", "dead letter": "dead letter"}
