"""Every number the grouper's rules use, once. Distances are reference distances (`chassis.domain.calibration`).

They hold for every model: `GrouperThresholds.on` names the run's own scale, and what compares vectors asks for the
limits on it (`merge_limit` …).
Measured with dlib's ResNet (chip and mirror image averaged) on labelled clips: prototypes of one person's tracks lie at
most 0.23 apart within a video, those of the most alike strangers 0.265 (strongly compressed) to 0.31. With SFace, on
whose scale 0.27 is 1.021, those of the most alike strangers of a video are 1.055 apart (3862 pairs of tracks).
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from chassis.domain.calibration import REFERENCE, DistanceScale


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _ScaledRules(_Rules):
    scale: DistanceScale = Field(default=REFERENCE, exclude=True, description="Of the run's embedder, by its events.")


class JoiningRules(_ScaledRules):
    """When a track goes on behind a segment border."""

    max_gap_s: float = Field(default=0.6, ge=0, description="Between a track's end or start and the border.")
    min_overlap: float = Field(default=0.3, gt=0, le=1, description="Intersection over union of the two boxes.")
    max_distance: float = Field(
        default=0.36, gt=0, description="Neighbouring tracks at one place may differ this much."
    )

    @property
    def limit(self) -> float:
        """`max_distance` on the run's scale."""
        return self.scale.near(self.max_distance)


class ClusteringRules(_ScaledRules):
    """Which tracks show one person."""

    merge_distance: float = Field(default=0.27, gt=0, description="Mean distance of two clusters of one person.")
    farthest_ratio: float = Field(default=1.8, ge=1, description="Of any two tracks in a cluster, in merge distances.")
    typical_spread: float = Field(default=0.12, gt=0, description="Mean distance of a track's faces to its prototype.")
    spread_gain: float = Field(default=0.1, ge=0, description="How far a wider spread than typical widens the limit.")
    few_samples: int = Field(default=3, ge=1, description="Prototypes of fewer faces are less certain.")
    few_samples_factor: float = Field(default=0.92, gt=0, le=1, description="Factor on the limit of such tracks.")
    max_adaptation: float = Field(default=0.12, ge=0, lt=1, description="Greatest change of a track's limit.")
    simultaneous_periods: float = Field(
        default=1.0, ge=0, description="Tracks sharing more than this many sampling periods are two people."
    )
    one_place_overlap: float = Field(
        default=0.35, gt=0, le=1, description="Tracks whose boxes overlap more are one face, found in turns by two."
    )
    dense_limit: int = Field(
        default=4000, ge=4, description="Above this many tracks nearest neighbours are merged first: a GB of memory."
    )
    neighbours: int = Field(default=24, ge=1)

    @property
    def merge_limit(self) -> float:
        """`merge_distance` on the run's scale."""
        return self.scale.near(self.merge_distance)

    @property
    def usual_spread(self) -> float:
        """`typical_spread` on the run's scale."""
        return self.scale.length(self.typical_spread)


class RescueRules(_Rules):
    """When a lone or poor track joins a cluster. Ratios are in merge distances."""

    good_ratio: float = Field(default=1.05, gt=0, description="For a face of best quality.")
    poor_ratio: float = Field(default=1.25, gt=0, description="For a face of worst quality, which lies farther away.")
    margin_ratio: float = Field(default=0.2, ge=0, description="How much farther the second nearest cluster must be.")
    full_quality: float = Field(default=0.5, gt=0, le=1, description="From here on a face counts as good.")
    both_poor_ratio: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Of two poor tracks that joined nobody: one person's were 0.68 apart, those of two 1.05 at least.",
    )


class CarryRules(_Rules):
    """When an identity of an earlier run is the same as a new one."""

    min_overlap: float = Field(default=0.3, gt=0, le=1, description="Intersection over union of two tracks' boxes.")
    min_track_share: float = Field(default=0.5, gt=0, le=1, description="Shared part of the shorter of two tracks.")
    min_identity_share: float = Field(default=0.2, ge=0, le=1, description="Shared part of the shorter identity.")


class WarningRules(_Rules):
    """From where on people are told that something looks wrong. Of little there is nothing to say.

    Of 16 clips of 8 to 34 s with the right answer (`make field`) 14 had one track only of most people, as they should.
    """

    least_tracks: int = Field(default=20, ge=0, description="Fewer tracks, continued ones once, say nothing.")
    least_duration_s: float = Field(
        default=60.0, ge=0, description="In a shorter episode nobody has to come back: single tracks say nothing."
    )
    singleton_fraction: float = Field(default=0.5, ge=0, le=1)
    largest_fraction: float = Field(default=0.6, ge=0, le=1)
    min_clusters: int = Field(default=3, ge=0)
    max_clusters: int = Field(default=50, ge=1)
    tracks_per_minute: float = Field(default=50.0, gt=0)
    short_track_fraction: float = Field(default=0.3, ge=0, le=1)
    short_track_s: float = Field(default=0.5, gt=0)


class PreviewRules(_Rules):
    """How much previews compare; they count seconds by the `visibility` settings, as the report does."""

    most_tracks: int = Field(default=3000, ge=2, description="Of one identity, to look for two people in.")


class DoubtRules(_Rules):
    """Which doubts about a grouping are told with it. Ratios are in merge distances."""

    same_ratio: float = Field(default=1.6, gt=0, description="People farther apart are not asked about.")
    most_same: int = Field(default=200, ge=1)
    stray_ratio: float = Field(
        default=1.3, gt=0, description="A track this far from its own centre is asked about, or one nearer to another."
    )
    most_strays: int = Field(default=200, ge=1)
    most_tracks: int = Field(default=400, ge=2, description="Of one identity, to look for two people in each time.")


class GrouperThresholds(_Rules):
    """All of them, for the model named here (None: the model most tracks were embedded with)."""

    model_id: str | None = Field(default=None, description="The embedder these distances were measured with.")
    dimension: int | None = Field(
        default=None, ge=2, description="Of its vectors; none: the size that most vectors of the model have."
    )
    joining: JoiningRules = JoiningRules()
    clustering: ClusteringRules = ClusteringRules()
    rescue: RescueRules = RescueRules()
    carry: CarryRules = CarryRules()
    warnings: WarningRules = WarningRules()
    preview: PreviewRules = PreviewRules()
    doubts: DoubtRules = DoubtRules()

    def on(self, scale: DistanceScale) -> Self:
        """The same for vectors of another model."""
        return self.model_copy(
            update={
                "joining": self.joining.model_copy(update={"scale": scale}),
                "clustering": self.clustering.model_copy(update={"scale": scale}),
            }
        )
