"""Generated from openapi.json by `python -m screenalytics.api.export`; do not edit."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from screenalytics.api import models
from screenalytics.api.transport import Answer, Transport


class Client(Transport):
    """The HTTP API: one method an operation. Every method raises ApiFailure when the API refuses."""

    def compare_screen_time(
        self, ep_id: str, *, from_: int, to: int, from_run: str | None = None, to_run: str | None = None
    ) -> Answer[models.ScreenTimeDifference]:
        """Compare two revisions: seconds before and after, times gained and lost, and sentences."""
        return self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/diff",
            models.ScreenTimeDifference,
            query={"from": from_, "to": to, "from_run": from_run, "to_run": to_run},
        )

    def export_appearances(
        self,
        ep_id: str,
        exchange: Literal["edl", "fcpxml", "webvtt"],
        *,
        cast_id: str | None = None,
        unidentified: bool | None = None,
        fps: Literal["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"] | None = None,
        start_tc: str | None = None,
        drop_frame: bool | None = None,
        cues: Literal["names", "json"] | None = None,
        revision: int | None = None,
        run_id: str | None = None,
    ) -> bytes:
        """Export when people are visible as CMX 3600 EDL, FCPXML 1.10 or WebVTT."""
        return self.content(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/export/{quote(str(exchange), safe='')}",
            query={
                "cast_id": cast_id,
                "unidentified": unidentified,
                "fps": fps,
                "start_tc": start_tc,
                "drop_frame": drop_frame,
                "cues": cues,
                "revision": revision,
                "run_id": run_id,
            },
        )

    def list_representatives(
        self, ep_id: str, identity_id: str, *, count: int | None = None
    ) -> Answer[models.Representatives]:
        """List the faces that show a person best: sharp, frontal, typical, and spread over time."""
        return self.request(
            "GET",
            f"/media/{quote(str(ep_id), safe='')}/identities/{quote(str(identity_id), safe='')}/representatives",
            models.Representatives,
            query={"count": count},
        )

    def list_screen_time_revisions(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageRevisionSummary]:
        """List the revisions of all runs, the newest first."""
        return self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/revisions",
            models.PageRevisionSummary,
            query={"limit": limit, "cursor": cursor},
        )

    def make_contact_sheet(
        self, ep_id: str, identity_id: str, *, columns: int | None = None, count: int | None = None
    ) -> Answer[models.ContactSheet]:
        """Make one JPEG of a person's best faces with their times, and a short-lived URL of it."""
        return self.request(
            "GET",
            f"/media/{quote(str(ep_id), safe='')}/identities/{quote(str(identity_id), safe='')}/contact-sheet",
            models.ContactSheet,
            query={"columns": columns, "count": count},
        )

    def make_picture_urls(self, ep_id: str, body: models.PictureRequest) -> Answer[models.PictureUrls]:
        """Make short-lived URLs of crops and thumbnails of this episode."""
        return self.request("POST", f"/media/{quote(str(ep_id), safe='')}/urls", models.PictureUrls, body=body)

    def read_screen_at(
        self, ep_id: str, *, t_s: float, revision: int | None = None, run_id: str | None = None
    ) -> Answer[models.Moment]:
        """Say who is visible at a second of the episode."""
        return self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/at",
            models.Moment,
            query={"t_s": t_s, "revision": revision, "run_id": run_id},
        )

    def read_screen_time(
        self, ep_id: str, *, revision: int | None = None, run_id: str | None = None
    ) -> Answer[models.ScreenTimeDocument]:
        """Read who was visible when, with what this revision changed."""
        return self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}",
            models.ScreenTimeDocument,
            query={"revision": revision, "run_id": run_id},
        )

    def read_screen_time_file(
        self,
        ep_id: str,
        file_format: Literal["json", "csv", "parquet", "html"],
        *,
        revision: int | None = None,
        run_id: str | None = None,
        inline: bool | None = None,
    ) -> bytes:
        """Say where a file of the screen time can be fetched for a short while, or answer with it."""
        return self.content(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/files/{quote(str(file_format), safe='')}",
            query={"revision": revision, "run_id": run_id, "inline": inline},
        )

    def read_together(
        self, ep_id: str, *, a: str, b: str, revision: int | None = None, run_id: str | None = None
    ) -> Answer[models.Together]:
        """Say when two people are visible at the same time."""
        return self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/together",
            models.Together,
            query={"a": a, "b": b, "revision": revision, "run_id": run_id},
        )

    def read_track(self, ep_id: str, track_id: str) -> Answer[models.TrackFaces]:
        """Read a track, the quality of its faces and the faces themselves."""
        return self.request(
            "GET", f"/media/{quote(str(ep_id), safe='')}/tracks/{quote(str(track_id), safe='')}", models.TrackFaces
        )

    def total_show_screen_time(self, show: str, *, season: int | None = None) -> Answer[models.ShowTotals]:
        """Sum up the cast of a show over its episodes, or over those of one season."""
        return self.request(
            "GET", f"/screen-time/shows/{quote(str(show), safe='')}/totals", models.ShowTotals, query={"season": season}
        )
