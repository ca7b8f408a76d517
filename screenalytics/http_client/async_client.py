"""Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import quote

from . import models
from .transport import Answer, AsyncTransport, Files

ExportAppearancesExchange = Literal[
    "edl",
    "marker-edl",
    "fcpxml",
    "fcp7",
    "otio",
    "avid-markers",
    "webvtt",
    "ttml",
    "eaf",
    "tidy",
    "iptc",
    "ebucore",
    "coco",
    "mot",
]
ExportAppearancesFps = Literal["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"]
ExportAppearancesCues = Literal["names", "json"]
FindEpisodesMatch = Literal["together", "any"]
ListClustersSort = Literal["identity_id", "seconds"]
ListEpisodesState = Literal["requested", "running", "finished", "failed", "cancelled", "superseded"]
ListEpisodesSort = Literal["updated", "air_date", "ep_id"]
ListIdentitiesState = Literal["all", "linked", "unidentified"]
ListPeopleState = Literal["all", "linked", "unidentified"]
ListWebhookDeliveriesState = Literal["waiting", "delivered", "dead"]
ReadScreenTimeFileFileFormat = Literal["json", "csv", "parquet", "html"]


class AsyncClient(AsyncTransport):
    """The HTTP API: one method an operation. Every method raises ApiFailure when the API refuses."""

    async def abort_upload(self, upload_id: str) -> Answer[models.UploadView]:
        """Throw an unfinished upload away."""
        return await self.request("DELETE", f"/uploads/{quote(str(upload_id), safe='')}", models.UploadView)

    async def add_cast_member(
        self, show: str, body: models.NewMember, *, idempotency_key: str | None = None
    ) -> Answer[models.MemberDetail]:
        """Add somebody to the cast; the same person again changes nothing."""
        return await self.request(
            "POST",
            f"/shows/{quote(str(show), safe='')}/cast",
            models.MemberDetail,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def add_pictures(
        self, show: str, cast_id: str, files: Files, *, idempotency_key: str | None = None
    ) -> Answer[models.PictureVerdicts]:
        """Add reference pictures of a cast member, with a verdict on each; they change suggestions, never links."""
        return await self.request(
            "POST",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/pictures",
            models.PictureVerdicts,
            headers={"idempotency-key": idempotency_key},
            files=files,
        )

    async def apply_all_suggestions(
        self,
        ep_id: str,
        body: models.ApplyAll,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.ApplyOutcome]:
        """Link everybody whose suggestion is sure enough, as one change; locks and people's decisions stay."""
        return await self.request(
            "POST",
            f"/suggestions/{quote(str(ep_id), safe='')}/apply-all",
            models.ApplyOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def apply_suggestion(
        self,
        ep_id: str,
        body: models.Application,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Link an identity as suggested."""
        return await self.request(
            "POST",
            f"/suggestions/{quote(str(ep_id), safe='')}/apply",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def be_present(self, ep_id: str, body: models.Beat) -> Answer[models.Heard]:
        """Tell that a page is open on the episode, and what it shows; again every ten seconds or so."""
        return await self.request("PUT", f"/changes/{quote(str(ep_id), safe='')}/presence", models.Heard, body=body)

    async def begin_upload(
        self, body: models.NewUpload, *, idempotency_key: str | None = None
    ) -> Answer[models.UploadView]:
        """Begin an upload in parts: the answer says where to PUT them."""
        return await self.request(
            "POST", "/uploads", models.UploadView, headers={"idempotency-key": idempotency_key}, body=body
        )

    async def cancel_run(self, ep_id: str, run_id: str) -> Answer[models.RunView]:
        """Close a run that is not finished; a cancelled one stays so."""
        return await self.request(
            "POST", f"/episodes/{quote(str(ep_id), safe='')}/runs/{quote(str(run_id), safe='')}/cancel", models.RunView
        )

    async def change_webhook(self, webhook_id: str, body: models.WebhookChange) -> Answer[models.WebhookView]:
        """Change a webhook, or turn it off and on. What happens while it is off is not told later."""
        return await self.request(
            "PATCH", f"/webhooks/{quote(str(webhook_id), safe='')}", models.WebhookView, body=body
        )

    async def compare_runs(self, ep_id: str, *, a: str, b: str) -> Answer[models.RunComparison]:
        """Compare two runs: plan, models, durations, metrics, and screen time of each person."""
        return await self.request(
            "GET", f"/episodes/{quote(str(ep_id), safe='')}/runs/compare", models.RunComparison, query={"a": a, "b": b}
        )

    async def compare_screen_time(
        self, ep_id: str, *, from_: int, to: int, from_run: str | None = None, to_run: str | None = None
    ) -> Answer[models.ScreenTimeDifference]:
        """Compare two revisions: seconds before and after, times gained and lost, and sentences."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/diff",
            models.ScreenTimeDifference,
            query={"from": from_, "to": to, "from_run": from_run, "to_run": to_run},
        )

    async def compare_versions(self, ep_id: str, *, other: str) -> Answer[models.VersionComparison]:
        """Lay another version of a programme beside this one by their pictures: who lost or won how many seconds, and where."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/versions",
            models.VersionComparison,
            query={"other": other},
        )

    async def complete_upload(self, upload_id: str) -> Answer[models.UploadView]:
        """Check what came by size and sha256, make it the episode's video, and begin a run where that was wanted."""
        return await self.request("POST", f"/uploads/{quote(str(upload_id), safe='')}/complete", models.UploadView)

    async def create_episode(self, body: models.NewEpisode) -> Answer[models.EpisodeView]:
        """Create an episode; one that is there already is answered as it is, with 200."""
        return await self.request("POST", "/episodes", models.EpisodeView, body=body)

    async def create_show(self, body: models.NewShow) -> Answer[models.ShowView]:
        """Create a show; the same show again changes nothing."""
        return await self.request("POST", "/shows", models.ShowView, body=body)

    async def create_webhook(self, body: models.NewWebhook) -> Answer[models.WebhookWithSecret]:
        """Tell an address what happens from now on. The answer has the secret, which is shown this once."""
        return await self.request("POST", "/webhooks", models.WebhookWithSecret, body=body)

    async def delete_episode(self, ep_id: str) -> Answer[models.DeletedEpisode]:
        """Delete an episode with everything that is kept of it: gone at once, removed everywhere soon after."""
        return await self.request("DELETE", f"/episodes/{quote(str(ep_id), safe='')}", models.DeletedEpisode)

    async def delete_picture(
        self, show: str, cast_id: str, picture: str, *, idempotency_key: str | None = None
    ) -> Answer[int]:
        """Remove one reference picture; the answer is how many went."""
        return await self.request(
            "DELETE",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/pictures/{quote(str(picture), safe='')}",
            int,
            headers={"idempotency-key": idempotency_key},
        )

    async def delete_pictures(self, show: str, cast_id: str, *, idempotency_key: str | None = None) -> Answer[int]:
        """Remove all reference pictures of a cast member; the answer is how many went."""
        return await self.request(
            "DELETE",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/pictures",
            int,
            headers={"idempotency-key": idempotency_key},
        )

    async def delete_show(self, show: str) -> Answer[models.DeletedShow]:
        """Delete a show with its cast, pictures and all its episodes; they follow within a minute or two."""
        return await self.request("DELETE", f"/shows/{quote(str(show), safe='')}", models.DeletedShow)

    async def delete_webhook(self, webhook_id: str) -> Answer[bool]:
        """Delete a webhook with its log and all that was to be told."""
        return await self.request("DELETE", f"/webhooks/{quote(str(webhook_id), safe='')}", bool)

    async def describe_cast_member(
        self, show: str, cast_id: str, body: models.GivenDetails, *, idempotency_key: str | None = None
    ) -> Answer[models.MemberDetail]:
        """Say ids, role, characters and attributes of a cast member, in the place of what was said before."""
        return await self.request(
            "PUT",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/details",
            models.MemberDetail,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def dismiss_suggestion(
        self,
        ep_id: str,
        body: models.Pair,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Never suggest a pair again; an automatic link of it is taken away."""
        return await self.request(
            "POST",
            f"/suggestions/{quote(str(ep_id), safe='')}/dismiss",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def drop_tracks(
        self,
        ep_id: str,
        body: models.DropTracks,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Drop tracks that show nobody: a poster, a doll."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/drop",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def embed_pictures(
        self, show: str, body: models.EmbedAgain, *, idempotency_key: str | None = None
    ) -> Answer[models.PicturesEmbedded]:
        """Give all reference pictures of a show the vectors of the served model; the same again changes nothing."""
        return await self.request(
            "POST",
            f"/shows/{quote(str(show), safe='')}/pictures/embed",
            models.PicturesEmbedded,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def erase_person(self, show: str, body: models.NewErasure) -> Answer[models.ErasureReceipt]:
        """Erase a person: out of the cast at once, out of everything else soon after; the receipt says how far it is."""
        return await self.request(
            "POST", f"/shows/{quote(str(show), safe='')}/erasures", models.ErasureReceipt, body=body
        )

    async def export_appearances(
        self,
        ep_id: str,
        exchange: ExportAppearancesExchange,
        *,
        cast_id: list[str] | None = None,
        unidentified: bool | None = None,
        participants: bool | None = None,
        fps: ExportAppearancesFps | None = None,
        start_tc: str | None = None,
        drop_frame: bool | None = None,
        record_tc: str | None = None,
        gap_s: float | None = None,
        min_s: float | None = None,
        handles_s: float | None = None,
        media: str | None = None,
        cues: ExportAppearancesCues | None = None,
        revision: int | None = None,
        run_id: str | None = None,
    ) -> bytes:
        """Export when people are visible: timelines, markers and cues for editing programs and players; or their boxes."""
        return await self.content(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/export/{quote(str(exchange), safe='')}",
            query={
                "cast_id": cast_id,
                "unidentified": unidentified,
                "participants": participants,
                "fps": fps,
                "start_tc": start_tc,
                "drop_frame": drop_frame,
                "record_tc": record_tc,
                "gap_s": gap_s,
                "min_s": min_s,
                "handles_s": handles_s,
                "media": media,
                "cues": cues,
                "revision": revision,
                "run_id": run_id,
            },
        )

    async def export_person(self, show: str, cast_id: str) -> bytes:
        """Answer with everything that is kept about a cast member, as one ZIP file."""
        return await self.content(
            "POST", f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/export"
        )

    async def find_cast_members(
        self,
        show: str,
        *,
        season: list[int] | None = None,
        only: bool | None = None,
        min_s: float | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Answer[models.PageFoundPerson]:
        """Find the cast members that are visible in some seasons of a show, or in those only, most visible first."""
        return await self.request(
            "GET",
            f"/screen-time/shows/{quote(str(show), safe='')}/cast",
            models.PageFoundPerson,
            query={"season": season, "only": only, "min_s": min_s, "limit": limit, "cursor": cursor},
        )

    async def find_episodes(
        self,
        show: str,
        *,
        cast_id: list[str] | None = None,
        match: FindEpisodesMatch | None = None,
        season: int | None = None,
        min_s: float | None = None,
        min_stretch_s: float | None = None,
        participants: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Answer[models.PageFoundEpisode]:
        """Find the episodes of a show in which people are visible, together or any of them, for how long and when."""
        return await self.request(
            "GET",
            f"/screen-time/shows/{quote(str(show), safe='')}/episodes",
            models.PageFoundEpisode,
            query={
                "cast_id": cast_id,
                "match": match,
                "season": season,
                "min_s": min_s,
                "min_stretch_s": min_stretch_s,
                "participants": participants,
                "limit": limit,
                "cursor": cursor,
            },
        )

    async def find_shared_time(
        self, ep_id: str, *, a: str, b: str, revision: int | None = None, run_id: str | None = None
    ) -> Answer[models.Together]:
        """Say when two people are visible at the same time."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/together",
            models.Together,
            query={"a": a, "b": b, "revision": revision, "run_id": run_id},
        )

    async def find_similar_people(
        self, show: str, *, ep_id: str, identity_id: str, limit: int | None = None
    ) -> Answer[list[models.Likeness]]:
        """Who looks like one person in the show's other episodes, nearest first."""
        return await self.request(
            "GET",
            f"/people/{quote(str(show), safe='')}/similar",
            list[models.Likeness],
            query={"ep_id": ep_id, "identity_id": identity_id, "limit": limit},
        )

    async def find_two_people(self, ep_id: str, identity_id: str) -> Answer[models.TwoPeople]:
        """Where this cluster would be cut in two, and whether it looks like two people at all."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}/two-people",
            models.TwoPeople,
        )

    async def find_visible_people(
        self,
        ep_id: str,
        *,
        t_s: float,
        revision: int | None = None,
        run_id: str | None = None,
        participants: bool | None = None,
    ) -> Answer[models.Moment]:
        """Say who is visible at a second of the episode."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/at",
            models.Moment,
            query={"t_s": t_s, "revision": revision, "run_id": run_id, "participants": participants},
        )

    async def get_clip(self, ep_id: str, *, start_s: float, end_s: float) -> Answer[models.ClipView]:
        """Cut a clip of at most a minute, as WebM with the sound that can be decoded; the same one is cut only once."""
        return await self.request(
            "GET",
            f"/episodes/{quote(str(ep_id), safe='')}/clip",
            models.ClipView,
            query={"start_s": start_s, "end_s": end_s},
        )

    async def get_episode(self, ep_id: str) -> Answer[models.EpisodeView]:
        """Read an episode; the `ETag` is the version that a change of it is meant for."""
        return await self.request("GET", f"/episodes/{quote(str(ep_id), safe='')}", models.EpisodeView)

    async def get_episode_status(self, ep_id: str) -> Answer[models.EpisodeStatus]:
        """Tell how far the episode's current run is: pieces done of each stage, rate and time left."""
        return await self.request("GET", f"/episodes/{quote(str(ep_id), safe='')}/status", models.EpisodeStatus)

    async def get_run(self, ep_id: str, run_id: str) -> Answer[models.RunView]:
        """Read a run; one that was only just asked for is `requested`."""
        return await self.request(
            "GET", f"/episodes/{quote(str(ep_id), safe='')}/runs/{quote(str(run_id), safe='')}", models.RunView
        )

    async def get_upload(self, upload_id: str) -> Answer[models.UploadView]:
        """Tell which parts are there, with fresh URLs for those that are not: so an upload goes on after a break."""
        return await self.request("GET", f"/uploads/{quote(str(upload_id), safe='')}", models.UploadView)

    async def get_video(self, ep_id: str) -> Answer[models.VideoView]:
        """Tell duration, size, codec and frame rate of the video, and where to read it for a short while."""
        return await self.request("GET", f"/episodes/{quote(str(ep_id), safe='')}/video", models.VideoView)

    async def identify_show(
        self, show: str, body: models.GivenProgrammeIds, *, idempotency_key: str | None = None
    ) -> Answer[models.ShowView]:
        """Say which ids a show has in other registries, in the place of those said before."""
        return await self.request(
            "PUT",
            f"/shows/{quote(str(show), safe='')}/external-ids",
            models.ShowView,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def import_cast(
        self, show: str, body: models.CastImport, *, idempotency_key: str | None = None
    ) -> Answer[list[models.ImportedRow]]:
        """Add many to the cast at once, with a verdict on each row; the same list again changes nothing."""
        return await self.request(
            "POST",
            f"/shows/{quote(str(show), safe='')}/cast/import",
            list[models.ImportedRow],
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def keep_clusters_apart(
        self,
        ep_id: str,
        body: models.KeepApart,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Say that two clusters are never one person."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/not-same",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def leave_episode(self, ep_id: str, *, page: str) -> Answer[bool]:
        """Tell that a page was closed; `true` where it was there."""
        return await self.request(
            "DELETE", f"/changes/{quote(str(ep_id), safe='')}/presence", bool, query={"page": page}
        )

    async def link_identity(
        self,
        ep_id: str,
        identity_id: str,
        body: models.LinkRequest,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Say that an identity is a cast member."""
        return await self.request(
            "PUT",
            f"/links/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def link_new_member(
        self,
        ep_id: str,
        identity_id: str,
        body: models.NewMemberFromIdentity,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.ReferencesOutcome]:
        """Say that this is somebody new: added to the cast, linked, and their best faces taken, as one change."""
        return await self.request(
            "POST",
            f"/links/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}/new-member",
            models.ReferencesOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def list_audit(
        self,
        *,
        ep_id: str | None = None,
        show: str | None = None,
        who: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Answer[models.PageAuditEntry]:
        """List the commands that were called, the latest first."""
        return await self.request(
            "GET",
            "/audit",
            models.PageAuditEntry,
            query={"ep_id": ep_id, "show": show, "who": who, "cursor": cursor, "limit": limit},
        )

    async def list_cast(
        self, show: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageMemberView]:
        """The cast of a show."""
        return await self.request(
            "GET",
            f"/shows/{quote(str(show), safe='')}/cast",
            models.PageMemberView,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_clusters(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None, sort: ListClustersSort | None = None
    ) -> Answer[models.ClusterPage]:
        """The people that the faces of an episode were grouped into."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}",
            models.ClusterPage,
            query={"limit": limit, "cursor": cursor, "sort": sort},
        )

    async def list_conflicts(self, ep_id: str, *, limit: int | None = None) -> Answer[models.PageClash]:
        """Cast members who are in two places at once."""
        return await self.request(
            "GET", f"/suggestions/{quote(str(ep_id), safe='')}/conflicts", models.PageClash, query={"limit": limit}
        )

    async def list_duplicate_clusters(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageDuplicatePair]:
        """Pairs of clusters that may be one person, nearest first; pairs that are known to be two are left out."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}/duplicates",
            models.PageDuplicatePair,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_edits(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageEditEntry]:
        """Who edited the clusters of an episode, when, why, and from what to what, the latest first."""
        return await self.request(
            "GET",
            f"/edits/{quote(str(ep_id), safe='')}",
            models.PageEditEntry,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_episodes(
        self,
        *,
        show: str | None = None,
        state: ListEpisodesState | None = None,
        q: str | None = None,
        sort: ListEpisodesSort | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Answer[models.PageEpisodeView]:
        """List the episodes of the shows you may see."""
        return await self.request(
            "GET",
            "/episodes",
            models.PageEpisodeView,
            query={"show": show, "state": state, "q": q, "sort": sort, "cursor": cursor, "limit": limit},
        )

    async def list_erasures(
        self, show: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageErasureReceipt]:
        """The erasures of a show."""
        return await self.request(
            "GET",
            f"/shows/{quote(str(show), safe='')}/erasures",
            models.PageErasureReceipt,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_identities(
        self,
        ep_id: str,
        *,
        state: ListIdentitiesState | None = None,
        participants: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Answer[models.IdentityPage]:
        """The people of an episode, most visible first, with names, seconds and best suggestions."""
        return await self.request(
            "GET",
            f"/identities/{quote(str(ep_id), safe='')}",
            models.IdentityPage,
            query={"state": state, "participants": participants, "limit": limit, "cursor": cursor},
        )

    async def list_leftover_tracks(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None, pictures: int | None = None
    ) -> Answer[models.PageLeftoverTrack]:
        """Tracks of nobody known, each with its reason; dropped ones are among them."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}/leftovers",
            models.PageLeftoverTrack,
            query={"limit": limit, "cursor": cursor, "pictures": pictures},
        )

    async def list_outlying_tracks(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None, pictures: int | None = None
    ) -> Answer[models.PageOutlyingTrack]:
        """Tracks far from the centre of their cluster, or nearer to another one, the most doubtful first."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}/outliers",
            models.PageOutlyingTrack,
            query={"limit": limit, "cursor": cursor, "pictures": pictures},
        )

    async def list_people(
        self, show: str, *, state: ListPeopleState | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PagePerson]:
        """The people of a show over all its episodes, most visible first."""
        return await self.request(
            "GET",
            f"/people/{quote(str(show), safe='')}",
            models.PagePerson,
            query={"state": state, "limit": limit, "cursor": cursor},
        )

    async def list_pictures(self, show: str, cast_id: str) -> Answer[list[models.PictureEntry]]:
        """The reference pictures of a cast member, with short-lived addresses to look at them."""
        return await self.request(
            "GET",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/pictures",
            list[models.PictureEntry],
        )

    async def list_representatives(
        self, ep_id: str, identity_id: str, *, count: int | None = None
    ) -> Answer[models.Representatives]:
        """List the faces that show a person best: sharp, frontal, typical, and spread over time."""
        return await self.request(
            "GET",
            f"/media/{quote(str(ep_id), safe='')}/identities/{quote(str(identity_id), safe='')}/representatives",
            models.Representatives,
            query={"count": count},
        )

    async def list_rescued_tracks(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None, pictures: int | None = None
    ) -> Answer[models.PageClusterMember]:
        """Lone and poor tracks that joined the cluster they clearly resemble."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}/rescued",
            models.PageClusterMember,
            query={"limit": limit, "cursor": cursor, "pictures": pictures},
        )

    async def list_runs(
        self, ep_id: str, *, cursor: str | None = None, limit: int | None = None
    ) -> Answer[models.PageRunView]:
        """List the runs of an episode, the latest first."""
        return await self.request(
            "GET",
            f"/episodes/{quote(str(ep_id), safe='')}/runs",
            models.PageRunView,
            query={"cursor": cursor, "limit": limit},
        )

    async def list_screen_time_manifests(
        self, ep_id: str, *, revision: int | None = None, run_id: str | None = None
    ) -> Answer[models.RevisionFileList]:
        """List every file of a revision with its hash, and the versions of edits and links it is made from."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/manifests",
            models.RevisionFileList,
            query={"revision": revision, "run_id": run_id},
        )

    async def list_screen_time_revisions(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageRevisionSummary]:
        """List the revisions of all runs, the newest first."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/revisions",
            models.PageRevisionSummary,
            query={"limit": limit, "cursor": cursor},
        )

    async def list_shows(self, *, limit: int | None = None, cursor: str | None = None) -> Answer[models.PageShowView]:
        """Shows that have a cast or a reported episode."""
        return await self.request("GET", "/shows", models.PageShowView, query={"limit": limit, "cursor": cursor})

    async def list_suggestions(
        self, ep_id: str, *, participants: bool | None = None
    ) -> Answer[models.EpisodeSuggestions]:
        """Whom every identity of an episode may be."""
        return await self.request(
            "GET",
            f"/suggestions/{quote(str(ep_id), safe='')}",
            models.EpisodeSuggestions,
            query={"participants": participants},
        )

    async def list_temporal_suggestions(self, ep_id: str) -> Answer[list[models.TemporalMatch]]:
        """Who may be the people nobody recognises, by place and time."""
        return await self.request(
            "GET", f"/suggestions/{quote(str(ep_id), safe='')}/temporal", list[models.TemporalMatch]
        )

    async def list_webhook_deliveries(
        self,
        webhook_id: str,
        *,
        state: ListWebhookDeliveriesState | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Answer[models.PageDeliveryView]:
        """What was and is to be told in the last two weeks, the latest event first, with every try."""
        return await self.request(
            "GET",
            f"/webhooks/{quote(str(webhook_id), safe='')}/deliveries",
            models.PageDeliveryView,
            query={"state": state, "limit": limit, "cursor": cursor},
        )

    async def list_webhooks(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.PageWebhookView]:
        """Every webhook, the oldest first."""
        return await self.request("GET", "/webhooks", models.PageWebhookView, query={"limit": limit, "cursor": cursor})

    async def lock_cluster(
        self,
        ep_id: str,
        body: models.LockCluster,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Lock a cluster that is complete and right."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/lock",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def make_contact_sheet(
        self, ep_id: str, identity_id: str, *, columns: int | None = None, count: int | None = None
    ) -> Answer[models.ContactSheet]:
        """Make one JPEG of a person's best faces with their times, and a short-lived URL of it."""
        return await self.request(
            "GET",
            f"/media/{quote(str(ep_id), safe='')}/identities/{quote(str(identity_id), safe='')}/contact-sheet",
            models.ContactSheet,
            query={"columns": columns, "count": count},
        )

    async def make_identity_sprite(
        self, ep_id: str, identity_id: str, *, count: int | None = None, cell_px: int | None = None
    ) -> Answer[models.FaceSprite]:
        """Draw a person's best faces into one sheet, the best first, and say whose cell is whose."""
        return await self.request(
            "GET",
            f"/media/{quote(str(ep_id), safe='')}/identities/{quote(str(identity_id), safe='')}/sprite",
            models.FaceSprite,
            query={"count": count, "cell_px": cell_px},
        )

    async def make_picture_urls(self, ep_id: str, body: models.PictureRequest) -> Answer[models.PictureUrls]:
        """Make short-lived URLs of crops and thumbnails of this episode."""
        return await self.request("POST", f"/media/{quote(str(ep_id), safe='')}/urls", models.PictureUrls, body=body)

    async def make_playable(self, ep_id: str) -> Answer[models.PlaybackView]:
        """Have a proxy made where browsers do not play the video itself; the same one is made only once."""
        return await self.request("POST", f"/episodes/{quote(str(ep_id), safe='')}/playback", models.PlaybackView)

    async def make_sprite(self, ep_id: str, body: models.SpriteRequest) -> Answer[models.Sprite]:
        """Draw many faces into one sheet of square cells, or find it drawn; read it at `/media/{ep_id}/sprites/{sprite}`."""
        return await self.request("POST", f"/media/{quote(str(ep_id), safe='')}/sprites", models.Sprite, body=body)

    async def mark_extras(
        self,
        ep_id: str,
        body: models.ExtrasRequest,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.ExtrasOutcome]:
        """Say that people are background performers: nobody asks for their names, their seconds count apart."""
        return await self.request(
            "POST",
            f"/extras/{quote(str(ep_id), safe='')}",
            models.ExtrasOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def mark_rest_as_extras(
        self,
        ep_id: str,
        body: models.RestRequest,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.ExtrasOutcome]:
        """Say that everybody without a name is a background performer, as one change."""
        return await self.request(
            "POST",
            f"/extras/{quote(str(ep_id), safe='')}/rest",
            models.ExtrasOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def merge_clusters(
        self,
        ep_id: str,
        body: models.MergeClusters,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Make one person of several clusters; the target keeps its id."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/merge",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def move_time_range(
        self,
        ep_id: str,
        body: models.MoveTimeRange,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Give a time range of a track to another cluster, or to a new person."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/move-range",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def move_tracks(
        self,
        ep_id: str,
        body: models.MoveTracks,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Give tracks to another cluster, or to a new person."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/move-tracks",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def preview_edit(
        self,
        ep_id: str,
        body: models.MergeClusters
        | models.SplitCluster
        | models.MoveTracks
        | models.MoveTimeRange
        | models.KeepApart
        | models.LockCluster
        | models.UnlockCluster
        | models.DropTracks
        | models.RestoreTracks
        | models.RenameCluster
        | models.ReclusterEpisode,
    ) -> Answer[models.Preview]:
        """What any edit would change, with its effect on screen time, without applying it."""
        return await self.request("POST", f"/clusters/{quote(str(ep_id), safe='')}/preview", models.Preview, body=body)

    async def put_question_off(self, ep_id: str, body: models.LaterRequest) -> Answer[models.PutOff]:
        """Put a question at the end of the queue, or back into its place; that decides nothing."""
        return await self.request("POST", f"/review/{quote(str(ep_id), safe='')}/later", models.PutOff, body=body)

    async def read_boxes(self, ep_id: str, *, from_s: float, to_s: float) -> Answer[models.Boxes]:
        """Read where faces are in the picture during a stretch of the episode."""
        return await self.request(
            "GET", f"/timeline/{quote(str(ep_id), safe='')}/boxes", models.Boxes, query={"from_s": from_s, "to_s": to_s}
        )

    async def read_cast_member(self, show: str, cast_id: str) -> Answer[models.MemberDetail]:
        """One cast member, and the episodes that name them."""
        return await self.request(
            "GET", f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}", models.MemberDetail
        )

    async def read_cluster(
        self,
        ep_id: str,
        identity_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        pictures: int | None = None,
    ) -> Answer[models.ClusterDetail]:
        """One cluster with its tracks, their times, quality and pictures."""
        return await self.request(
            "GET",
            f"/clusters/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}",
            models.ClusterDetail,
            query={"limit": limit, "cursor": cursor, "pictures": pictures},
        )

    async def read_cluster_metrics(self, ep_id: str) -> Answer[models.ClusterHealth]:
        """How healthy the clustering of an episode looks, with a sentence for everything that looks wrong."""
        return await self.request("GET", f"/clusters/{quote(str(ep_id), safe='')}/metrics", models.ClusterHealth)

    async def read_erasure(self, show: str, erasure_id: str) -> Answer[models.ErasureReceipt]:
        """The receipt of an erasure: what is gone, what is still to do, and what Kafka holds until when."""
        return await self.request(
            "GET",
            f"/shows/{quote(str(show), safe='')}/erasures/{quote(str(erasure_id), safe='')}",
            models.ErasureReceipt,
        )

    async def read_frames(self, ep_id: str) -> Answer[models.FramesView]:
        """Tell when each frame of the analysed video is shown, by the packets of the file; they are read once."""
        return await self.request("GET", f"/episodes/{quote(str(ep_id), safe='')}/frames", models.FramesView)

    async def read_history(
        self, ep_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Answer[models.HistoryView]:
        """Read who decided what about an episode, in order: clusters, links, extras, questions, sign-offs."""
        return await self.request(
            "GET",
            f"/history/{quote(str(ep_id), safe='')}",
            models.HistoryView,
            query={"limit": limit, "cursor": cursor},
        )

    async def read_identity(self, ep_id: str, identity_id: str) -> Answer[models.IdentityDetail]:
        """One person of an episode: tracks, intervals, link and suggestions."""
        return await self.request(
            "GET", f"/identities/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}", models.IdentityDetail
        )

    async def read_links(self, ep_id: str, *, history: int | None = None) -> Answer[models.LinksView]:
        """All links and dismissed suggestions of an episode, with their history."""
        return await self.request(
            "GET", f"/links/{quote(str(ep_id), safe='')}", models.LinksView, query={"history": history}
        )

    async def read_picture(self, ep_id: str, picture: str) -> bytes:
        """Read one face's picture; its address names its content, so browsers keep it."""
        return await self.content("GET", f"/media/{quote(str(ep_id), safe='')}/pictures/{quote(str(picture), safe='')}")

    async def read_playback(self, ep_id: str) -> Answer[models.PlaybackView]:
        """Tell where a browser finds something that it can play: the video itself, or how far a proxy of it is."""
        return await self.request("GET", f"/episodes/{quote(str(ep_id), safe='')}/playback", models.PlaybackView)

    async def read_reference_image(self, show: str, cast_id: str, picture: str) -> bytes:
        """Read one reference picture; its address names its content, so browsers keep it."""
        return await self.content(
            "GET",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/pictures/{quote(str(picture), safe='')}/image",
        )

    async def read_review(
        self, ep_id: str, *, limit: int | None = None, participants: bool | None = None
    ) -> Answer[models.ReviewQueue]:
        """Read what to ask a person about an episode, with evidence and the requests that answer it."""
        return await self.request(
            "GET",
            f"/review/{quote(str(ep_id), safe='')}",
            models.ReviewQueue,
            query={"limit": limit, "participants": participants},
        )

    async def read_review_queue(self, ep_id: str, *, limit: int | None = None) -> Answer[models.PageReviewEntry]:
        """Whom to decide on first: the most uncertain who are on screen longest."""
        return await self.request(
            "GET", f"/suggestions/{quote(str(ep_id), safe='')}/review", models.PageReviewEntry, query={"limit": limit}
        )

    async def read_screen_time(
        self, ep_id: str, *, revision: int | None = None, run_id: str | None = None, participants: bool | None = None
    ) -> Answer[models.ScreenTimeDocument]:
        """Read who was visible when, with what this revision changed."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}",
            models.ScreenTimeDocument,
            query={"revision": revision, "run_id": run_id, "participants": participants},
        )

    async def read_screen_time_file(
        self,
        ep_id: str,
        file_format: ReadScreenTimeFileFileFormat,
        *,
        revision: int | None = None,
        run_id: str | None = None,
        inline: bool | None = None,
    ) -> bytes:
        """Say where a file of the screen time can be fetched for a short while, or answer with it."""
        return await self.content(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/files/{quote(str(file_format), safe='')}",
            query={"revision": revision, "run_id": run_id, "inline": inline},
        )

    async def read_session(self) -> Answer[models.SessionView]:
        """Tell who is calling, and what a page has to send with its session."""
        return await self.request("GET", "/session", models.SessionView)

    async def read_show(self, show: str) -> Answer[models.ShowView]:
        """One show."""
        return await self.request("GET", f"/shows/{quote(str(show), safe='')}", models.ShowView)

    async def read_sign_in_options(self) -> Answer[models.SignInOptions]:
        """Tell how one may sign in, to whoever asks."""
        return await self.request("GET", "/session/options", models.SignInOptions)

    async def read_sign_off(self, ep_id: str) -> Answer[models.SignOffView]:
        """Read who signed the screen time off, how uncertain it was then, and whether it has changed since."""
        return await self.request("GET", f"/screen-time/{quote(str(ep_id), safe='')}/sign-off", models.SignOffView)

    async def read_sprite(self, ep_id: str, sprite: str) -> bytes:
        """Read a sheet that was drawn before; browsers keep it."""
        return await self.content("GET", f"/media/{quote(str(ep_id), safe='')}/sprites/{quote(str(sprite), safe='')}")

    async def read_suggestions(self, ep_id: str, identity_id: str) -> Answer[models.Suggestions]:
        """Whom one identity may be."""
        return await self.request(
            "GET", f"/suggestions/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}", models.Suggestions
        )

    async def read_timeline(self, ep_id: str) -> Answer[models.Timeline]:
        """Read tracks, people, shots and cuts of an episode as columns."""
        return await self.request("GET", f"/timeline/{quote(str(ep_id), safe='')}", models.Timeline)

    async def read_track_faces(self, ep_id: str, track_id: str) -> Answer[models.TrackFaces]:
        """Read a track, the quality of its faces and the faces themselves."""
        return await self.request(
            "GET", f"/media/{quote(str(ep_id), safe='')}/tracks/{quote(str(track_id), safe='')}", models.TrackFaces
        )

    async def read_webhook(self, webhook_id: str) -> Answer[models.WebhookView]:
        """One webhook."""
        return await self.request("GET", f"/webhooks/{quote(str(webhook_id), safe='')}", models.WebhookView)

    async def recluster_episode(
        self,
        ep_id: str,
        body: models.ReclusterEpisode,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Group the episode with other thresholds from here on."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/recluster",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def record_consent(self, show: str, cast_id: str, body: models.NewConsent) -> Answer[models.Consent]:
        """Record the legal basis of a cast member, in the place of one that is there."""
        return await self.request(
            "PUT",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/consent",
            models.Consent,
            body=body,
        )

    async def redo_edit(
        self,
        ep_id: str,
        body: models.WhichEdit,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Redo an undone edit, by default the one undone last."""
        return await self.request(
            "POST",
            f"/edits/{quote(str(ep_id), safe='')}/redo",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def redo_link_change(
        self,
        ep_id: str,
        body: models.Step,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Make the latest change that was taken back again, or the one named."""
        return await self.request(
            "POST",
            f"/links/{quote(str(ep_id), safe='')}/redo",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def redo_step(
        self,
        ep_id: str,
        body: models.WhichStep,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.HistoryOutcome]:
        """Make again what was taken back last, or what is named."""
        return await self.request(
            "POST",
            f"/history/{quote(str(ep_id), safe='')}/redo",
            models.HistoryOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def register_video(
        self, ep_id: str, body: models.Registration, *, idempotency_key: str | None = None
    ) -> Answer[models.FiledVideo]:
        """Make an object that is in the bucket already, below `raw/videos/{ep_id}/`, the episode's video."""
        return await self.request(
            "POST",
            f"/episodes/{quote(str(ep_id), safe='')}/register",
            models.FiledVideo,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def remove_cast_member(
        self, show: str, cast_id: str, *, unlink: bool | None = None, idempotency_key: str | None = None
    ) -> Answer[models.RemovedMember]:
        """Remove a cast member with their pictures; refused while links name them, unless `unlink` says so."""
        return await self.request(
            "DELETE",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}",
            models.RemovedMember,
            query={"unlink": unlink},
            headers={"idempotency-key": idempotency_key},
        )

    async def rename_cast_member(
        self, show: str, cast_id: str, body: models.Renaming, *, idempotency_key: str | None = None
    ) -> Answer[models.MemberDetail]:
        """Give a cast member another name; the reports that name them follow."""
        return await self.request(
            "PATCH",
            f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}",
            models.MemberDetail,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    async def rename_cluster(
        self,
        ep_id: str,
        body: models.RenameCluster,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Name a person who is nobody of the cast, or take the name away."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/rename",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def replay_webhook(self, webhook_id: str, body: models.ReplayRequest) -> Answer[models.Replayed]:
        """Tell again what was told or given up, under the same ids: some messages, or all that are in a state."""
        return await self.request(
            "POST", f"/webhooks/{quote(str(webhook_id), safe='')}/replay", models.Replayed, body=body
        )

    async def restore_extras(
        self,
        ep_id: str,
        body: models.ExtrasRequest,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.ExtrasOutcome]:
        """Say that people are no background performers."""
        return await self.request(
            "POST",
            f"/extras/{quote(str(ep_id), safe='')}/restore",
            models.ExtrasOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def restore_suggestion(
        self,
        ep_id: str,
        body: models.Pair,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Suggest a dismissed pair again."""
        return await self.request(
            "POST",
            f"/suggestions/{quote(str(ep_id), safe='')}/restore",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def restore_tracks(
        self,
        ep_id: str,
        body: models.RestoreTracks,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Bring dropped tracks back."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/restore",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def resume_run(self, ep_id: str, run_id: str) -> Answer[models.ResumedRun]:
        """Take a failed or cancelled run up again: what it lacks is asked for within a few seconds."""
        return await self.request(
            "POST",
            f"/episodes/{quote(str(ep_id), safe='')}/runs/{quote(str(run_id), safe='')}/resume",
            models.ResumedRun,
        )

    async def rotate_webhook_secret(self, webhook_id: str) -> Answer[models.WebhookWithSecret]:
        """Make a new secret, shown this once; for a day messages are signed with the one before as well."""
        return await self.request(
            "POST", f"/webhooks/{quote(str(webhook_id), safe='')}/secret", models.WebhookWithSecret
        )

    async def settle_question(
        self,
        ep_id: str,
        body: models.SettleRequest,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Say of a question that all is right as it is: it is not asked again; a change of the links, undone like others."""
        return await self.request(
            "POST",
            f"/review/{quote(str(ep_id), safe='')}/settle",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def sign_in(self) -> Answer[models.SessionView]:
        """Begin a session for whoever sends a key or a token with this; the answer sets a cookie that scripts cannot read."""
        return await self.request("POST", "/session", models.SessionView)

    async def sign_off(
        self,
        ep_id: str,
        body: models.SignOffRequest,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.SignOffView]:
        """Say that the revision that is shown is right; reports and exports carry it from the next revision on."""
        return await self.request(
            "POST",
            f"/screen-time/{quote(str(ep_id), safe='')}/sign-off",
            models.SignOffView,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def sign_out(self) -> Answer[bool]:
        """End the session, whatever its cookie would still be good for; `true` where there was one."""
        return await self.request("DELETE", "/session", bool)

    async def split_cluster(
        self,
        ep_id: str,
        body: models.SplitCluster,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Split tracks off a cluster: they are somebody else."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/split",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def split_cluster_in_two(
        self,
        ep_id: str,
        body: models.SplitInTwo,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Split a cluster where it looks like two people; refused where it looks like one."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/split-in-two",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def start_run(
        self, ep_id: str, body: models.NewRun, *, idempotency_key: str | None = None
    ) -> Answer[models.StartedRun]:
        """Process the episode's video again; 200 and the run there is where that was done already."""
        return await self.request(
            "POST",
            f"/episodes/{quote(str(ep_id), safe='')}/runs",
            models.StartedRun,
            headers={"idempotency-key": idempotency_key},
            body=body,
        )

    def stream_changes(
        self, ep_id: str, *, follow: bool | None = None, last_event_id: str | None = None
    ) -> AsyncIterator[tuple[str, str, str]]:
        """Stream an episode's changes as server-sent events: decisions, groupings, revisions, who is there.

        From `Last-Event-ID` on. The stream ends as well when the key, token or session does that it was opened with.
        """
        return self.events(
            f"/changes/{quote(str(ep_id), safe='')}", query={"follow": follow}, headers={"last-event-id": last_event_id}
        )

    def stream_episode_events(
        self, ep_id: str, *, follow: bool | None = None, last_event_id: str | None = None
    ) -> AsyncIterator[tuple[str, str, str]]:
        """Stream progress as server-sent events: changes only, from `Last-Event-ID` on, to the end of the run.

        The stream ends as well when the key or token does that it was opened with.
        """
        return self.events(
            f"/episodes/{quote(str(ep_id), safe='')}/events",
            query={"follow": follow},
            headers={"last-event-id": last_event_id},
        )

    async def take_back_sign_off(
        self,
        ep_id: str,
        *,
        why: str | None = None,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.SignOffView]:
        """Take the sign-off that counts back; an earlier one counts again, if there is one."""
        return await self.request(
            "DELETE",
            f"/screen-time/{quote(str(ep_id), safe='')}/sign-off",
            models.SignOffView,
            query={"why": why, "wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
        )

    async def take_references(
        self,
        ep_id: str,
        identity_id: str,
        body: models.TakeFaces,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.ReferencesOutcome]:
        """Make faces of somebody reference pictures of the cast member whom they are linked to."""
        return await self.request(
            "POST",
            f"/links/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}/references",
            models.ReferencesOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def test_webhook(self, webhook_id: str) -> Answer[models.DeliveryView]:
        """Tell the address a `webhook.test`; what came of it is in the deliveries."""
        return await self.request("POST", f"/webhooks/{quote(str(webhook_id), safe='')}/test", models.DeliveryView)

    async def total_groups(
        self,
        ep_id: str,
        *,
        by: str,
        revision: int | None = None,
        run_id: str | None = None,
        participants: bool | None = None,
    ) -> Answer[models.GroupTotals]:
        """Sum up roles, characters or an attribute of the cast in an episode."""
        return await self.request(
            "GET",
            f"/screen-time/{quote(str(ep_id), safe='')}/groups",
            models.GroupTotals,
            query={"by": by, "revision": revision, "run_id": run_id, "participants": participants},
        )

    async def total_show_groups(
        self, show: str, *, by: str, season: int | None = None, participants: bool | None = None
    ) -> Answer[models.GroupTotals]:
        """Sum up roles, characters or an attribute of the cast over a show's episodes, or over those of one season."""
        return await self.request(
            "GET",
            f"/screen-time/shows/{quote(str(show), safe='')}/groups",
            models.GroupTotals,
            query={"by": by, "season": season, "participants": participants},
        )

    async def total_show_screen_time(self, show: str, *, season: int | None = None) -> Answer[models.ShowTotals]:
        """Sum up the cast of a show over its episodes, or over those of one season."""
        return await self.request(
            "GET", f"/screen-time/shows/{quote(str(show), safe='')}/totals", models.ShowTotals, query={"season": season}
        )

    async def undo_edit(
        self,
        ep_id: str,
        body: models.WhichEdit,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Undo an edit, by default the latest one in force; any number of them, in any order."""
        return await self.request(
            "POST",
            f"/edits/{quote(str(ep_id), safe='')}/undo",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def undo_link_change(
        self,
        ep_id: str,
        body: models.Step,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Take back the latest change of links, or the one named."""
        return await self.request(
            "POST",
            f"/links/{quote(str(ep_id), safe='')}/undo",
            models.LinksOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def undo_step(
        self,
        ep_id: str,
        body: models.WhichStep,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.HistoryOutcome]:
        """Take back the last thing that was decided about the episode, whatever it was, or the one named."""
        return await self.request(
            "POST",
            f"/history/{quote(str(ep_id), safe='')}/undo",
            models.HistoryOutcome,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def unlink_identity(
        self,
        ep_id: str,
        identity_id: str,
        *,
        why: str | None = None,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.LinksOutcome]:
        """Take a link away; the pair is not suggested again."""
        return await self.request(
            "DELETE",
            f"/links/{quote(str(ep_id), safe='')}/{quote(str(identity_id), safe='')}",
            models.LinksOutcome,
            query={"why": why, "wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
        )

    async def unlock_cluster(
        self,
        ep_id: str,
        body: models.UnlockCluster,
        *,
        wait_s: float | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer[models.EditAnswer]:
        """Unlock a cluster, so that it may change again."""
        return await self.request(
            "POST",
            f"/clusters/{quote(str(ep_id), safe='')}/unlock",
            models.EditAnswer,
            query={"wait_s": wait_s},
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def update_episode(
        self, ep_id: str, body: models.EpisodePatch, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> Answer[models.EpisodeView]:
        """Change title, air date, data or ids: what is named is set, null clears it."""
        return await self.request(
            "PATCH",
            f"/episodes/{quote(str(ep_id), safe='')}",
            models.EpisodeView,
            headers={"if-match": if_match, "idempotency-key": idempotency_key},
            body=body,
        )

    async def upload_video(
        self, ep_id: str, files: Files, *, idempotency_key: str | None = None
    ) -> Answer[models.FiledVideo]:
        """Upload a small video through the API; larger ones go to S3 by `POST /uploads`."""
        return await self.request(
            "POST",
            f"/episodes/{quote(str(ep_id), safe='')}/video",
            models.FiledVideo,
            headers={"idempotency-key": idempotency_key},
            files=files,
        )

    async def withdraw_consent(self, show: str, cast_id: str) -> Answer[bool]:
        """Take back the legal basis of a cast member; the answer is whether there was one."""
        return await self.request(
            "DELETE", f"/shows/{quote(str(show), safe='')}/cast/{quote(str(cast_id), safe='')}/consent", bool
        )
