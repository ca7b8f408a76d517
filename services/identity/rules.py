"""Every number the identity rules use, once. Distances are reference distances (`chassis.domain.calibration`)."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from chassis.domain.calibration import DistanceScale


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureRules(_Rules):
    """When a reference picture is good enough."""

    max_pixels: int = Field(
        default=25_000_000, ge=1, description="No more are decoded of a picture; a JPEG may have more."
    )
    enough_px: int = Field(
        default=2560, ge=640, description="Long side down to which larger pictures are made smaller."
    )
    min_confidence: float = Field(default=0.5, ge=0, le=1, description="Fainter detections are no face.")
    min_face_px: float = Field(default=32, gt=0, description="Least face height in pixels of the picture.")
    min_sharpness: float = Field(
        default=0.3, ge=0, le=1, description="Sharp pictures measure 0.5, clearly blurred ones 0.3."
    )
    dominance: float = Field(
        default=4.0, ge=1, description="How many times larger in area than the next the main face is."
    )


class GalleryRules(_Rules):
    """Which pictures of a cast member are compared with."""

    cap: int = Field(default=40, ge=1)
    duplicate_distance: float = Field(default=0.08, ge=0, description="Closer pictures add nothing.")
    outlier_advantage: float = Field(
        default=0.05, ge=0, description="How much closer to another member than to its own."
    )
    alone_probability: float = Field(
        default=0.9,
        ge=0.5,
        lt=1,
        description="From which a member's only picture is said to show another one; look-alikes were seen at 0.6.",
    )

    def on(self, scale: DistanceScale) -> Self:
        """The same for vectors of another model."""
        return self.model_copy(
            update={
                "duplicate_distance": scale.length(self.duplicate_distance),
                "outlier_advantage": scale.length(self.outlier_advantage),
            }
        )


class LinkRules(_Rules):
    """When a cluster is a cast member.

    How far one's own pictures and strangers are is the embedder's matter (`people` of its calibration in the model
    registry); these numbers hold for every embedder. `python -m benchmarks.recognition` measures what they do, leaving
    people out. Copies in one picture, made of the sample episodes, measured 0.08 to 0.22 midpoints apart (mirror, split
    screen, both eyes) and 0.31 to 0.63 (replays at two fifths of the size, a second later); different people 1.14 and
    more.
    """

    references: int = Field(default=2, ge=1, description="Best references averaged for one distance.")
    suggestions: int = Field(default=3, ge=1, description="Matches shown per identity.")
    min_suggested: float = Field(default=0.02, ge=0, le=1, description="Less probable matches are not shown.")
    prior_odds: float = Field(
        default=1.0, gt=0, description="Of any one cast member against a stranger, however many are in the cast."
    )
    lookalikes: float = Field(
        default=0.001, gt=0, lt=1, description="Share of strangers who cannot be told from a cast member, as siblings."
    )
    episode_lookalikes: float = Field(
        default=0.015,
        gt=0,
        lt=1,
        description="Share of strangers of one production who resemble a member's frames in it: more than pictures say.",
    )
    cohort_weight: float = Field(
        default=20.0, gt=0, description="Of how many cast members the calibration's mean of strangers weighs as much."
    )
    weak_noise: float = Field(
        default=0.15,
        ge=0,
        description="Deviation of a distance to faces without strength, in distances from the person to a stranger. "
        "Strangers' distances to weak faces deviate as those to good ones do: 0.074 and 0.073 of 153 and 2706 pairs.",
    )
    few_pictures_strength: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Factor on the strength beside a cast member with fewer pictures than averaged.",
    )
    auto_probability: float = Field(default=0.98, ge=0, le=1)
    auto_margin: float = Field(default=0.5, ge=0, le=1)
    full_samples: int = Field(default=5, ge=1, description="Faces from which a cluster counts as well sampled.")
    full_quality: float = Field(default=0.35, gt=0, le=1, description="Mean face quality from which it counts as good.")
    weak_probability: float = Field(
        default=0.985, ge=0, le=1, description="Demanded of a cluster without any strength, beside its noise."
    )
    weak_margin: float = Field(default=0.8, ge=0, le=1)
    sure_probability: float = Field(
        default=0.99,
        ge=0,
        le=1,
        description="By the cast's own pictures, of faces that bear out others of the episode.",
    )
    second_look_lead: float = Field(
        default=2.0,
        ge=0,
        description="Log-likelihood ratio by which the pictures prefer one cast member to the next for a second look.",
    )
    sure_samples: int = Field(default=3, ge=1, description="Faces of a track that bears out others, at least.")
    conflict_odds: float = Field(
        default=20.0, ge=1, description="Ratio of likelihoods from which one of two rivals is clearly better."
    )
    simultaneous_s: float = Field(default=0.25, ge=0, description="Longer overlaps mean two people.")
    copy_ratio: float = Field(
        default=0.35, ge=0, description="Distance / calibration's midpoint within which two faces are one picture."
    )
    replay_ratio: float = Field(
        default=0.65, ge=0, description="The same for a smaller or later copy of somebody who is named for sure."
    )
    least_compared: float = Field(
        default=0.8, ge=0, le=1, description="Share of two identities' time together that must bear that out."
    )


class TemporalRules(_Rules):
    """Who was at that place just before or after."""

    same_shot_window_s: float = Field(default=5.0, gt=0)
    scene_window_s: float = Field(default=15.0, gt=0)
    other_shot_weight: float = Field(default=0.5, ge=0, le=1)
    min_overlap: float = Field(default=0.2, ge=0, le=1, description="Intersection over union of the boxes.")
    ceiling: float = Field(default=0.6, ge=0, le=1, description="Place and time alone never say more than this.")
    suggestions: int = Field(default=3, ge=1)


class RepresentativeRules(_Rules):
    """Which faces show a person best."""

    sharpness_weight: float = Field(default=0.3, ge=0)
    frontality_weight: float = Field(default=0.3, ge=0)
    size_weight: float = Field(default=0.2, ge=0)
    confidence_weight: float = Field(default=0.1, ge=0)
    typicality_weight: float = Field(default=0.5, ge=0)
    typical_distance: float = Field(
        default=4.0, gt=0, description="Distance to the centroid, in the faces' median, at which typicality is 0."
    )
    spread_weight: float = Field(default=0.3, ge=0)


class ProminenceRules(_Rules):
    """Who an episode is about. No set is labelled with that; the numbers are choices, held by examples in the tests.

    A close-up is 0.8 and more, two people at a table 0.5 to 0.7, a line of people in a wide shot 0.25 to 0.4, faces of a
    crowd behind somebody 0.2 and less.
    """

    face_size: tuple[float, float] = Field(
        default=(0.03, 0.25), description="Face height / picture height: nothing up to the first, full from the second."
    )
    foreground: tuple[float, float] = Field(
        default=(0.35, 0.8), description="Face height / that of the largest face at the time, in the same way."
    )
    weights: tuple[float, float, float] = Field(
        default=(0.35, 0.2, 0.1), description="Of foreground, centrality and sharpness; the rest is there for anybody."
    )
    full_s: float = Field(default=2.0, gt=0, description="A person's most prominent seconds that are looked at.")
    participant: float = Field(default=0.25, ge=0, le=1, description="Prominence from which somebody takes part.")


class FigureRules(_Rules):
    """When an unidentified face is a drawn figure, an animal or a picture of somebody.

    Drawn figures are told by the embedder (`services/embedder/drawn.py`). A picture does not change while a face beside it
    does: one that stands still alone proves nothing, because in a television still, or a frozen frame, real people do
    not move either. Measured on 88 tracks of living people and 28 still pictures of faces, logarithms to base 10 of the
    typical change: -1.64 (deviation 0.54) and -3.5 (0.28); a painting beside a speaker changed by 0.0006 and she by 0.035;
    the stillest real person by 0.0011. Of 40 people beside somebody who moved none stood still: rule of succession.
    Whole shots that stand still: 2 of 53 in four sets of moving pictures, 6 of 6 in one of television stills. What the person
    detector says of animals, logarithms to base 10 of scores: of 181 tracks of people -3.0 (deviation 0.4, the highest -1.0),
    of a dog, an ape and a bear -0.1 in the mean; the deviations are wider than measured.
    """

    prior_odds: float = Field(
        default=0.02, gt=0, description="Of a drawn figure, and of a picture, against a person who is there."
    )
    most: float = Field(default=9.2, gt=0, description="No evidence says more: one person in 10,000 is like a figure.")
    apart_probability: float = Field(default=0.95, ge=0.5, le=1, description="From which one is counted apart.")
    still_order: float = Field(default=-3.5, gt=-5, lt=0, description="Of a photograph's typical change: log10.")
    still_deviation: float = Field(default=0.35, gt=0)
    living_order: float = Field(default=-1.64, gt=-5, lt=0, description="The same of a living face.")
    living_deviation: float = Field(default=0.54, gt=0)
    beside_life: float = Field(
        default=3.5, ge=0, description="Log-likelihood ratio of standing still beside somebody who moves."
    )
    still_large: float = Field(default=0.003, gt=0, description="Change that three of four steps must not exceed.")
    alive: float = Field(default=0.01, gt=0, description="Typical change from which the face beside it is alive.")
    alive_ratio: float = Field(default=25.0, ge=1, description="How many times more that face changes.")
    together: float = Field(default=0.5, gt=0, le=1, description="Share of the still face's time with that face.")
    least_s: float = Field(default=1.0, ge=0, description="Shorter tracks prove nothing.")
    lives: float = Field(default=0.01, gt=0, description="A face that changes this much anywhere is nobody's picture.")
    lives_large: float = Field(
        default=0.02,
        gt=0,
        description="The same of a quarter of its steps: a living one has moments alike. Pictures have 0.014 at most.",
    )
    frozen_shots: float = Field(
        default=0.005, gt=0, description="Shots that stand still, counted before any of the episode is seen."
    )
    moving_shots: float = Field(
        default=0.025,
        gt=0,
        description="The same of shots that move: one production in six is of stills, few are mixed.",
    )
    mixed_productions: float = Field(
        default=0.0001,
        gt=0,
        lt=1,
        description="That real people are frozen beside moving ones, before any of the episode is seen: as `most`.",
    )
    frozen_in_mixed: float = Field(default=0.5, gt=0, lt=1, description="Share of its other shots that stand still.")
    frozen_elsewhere: float = Field(
        default=0.04, gt=0, lt=1, description="The same where only pictures do: 2 of 53 shots, rule of succession."
    )
    animal_order: float = Field(default=-0.1, gt=-5, le=0, description="Of an animal's score around its face: log10.")
    animal_deviation: float = Field(default=0.3, gt=0)
    human_order: float = Field(default=-3.0, gt=-5, lt=0, description="The same of an animal around a person's face.")
    human_deviation: float = Field(default=0.75, gt=0)
    least_animal: float = Field(default=0.001, gt=0, le=1, description="Lower scores are all the same.")


class ScreenTimeRules(_Rules):
    """What is said of the seconds; how tracks become seconds is the `visibility` settings' matter."""

    simultaneous_s: float = Field(default=0.25, ge=0, description="Longer doubled presence of one person is reported.")
    prominence: ProminenceRules = ProminenceRules()
    figures: FigureRules = FigureRules()


class ReviewRules(_Rules):
    """What is asked, and in which order. `*_is_*` are how likely what is there is wrong where nothing better is known.

    The midpoints and scales of pairs, halves and strays are in merge distances of the grouper. Those of pairs are measured:
    of 540 pairs in seven labelled sets that the grouper kept apart one was one person (`python -m benchmarks.effort`), of
    the 16 nearest, up to 1.1 apart, none. Those of halves and strays are guesses: there were none.
    """

    asked_by_name: float = Field(default=0.3, ge=0, le=1, description="From here on: is this Ada? Below: who is this?")
    stranger_named: float = Field(
        default=0.4,
        gt=0,
        description="Of people without a picture, where the cast has pictures: names seen beforehand,",
    )
    stranger_not_named: float = Field(default=2.6, gt=0, description="and extras.")
    nobody_known_named: float = Field(default=1.0, gt=0, description="The same where the cast has no pictures: names,")
    nobody_known_not_named: float = Field(default=1.0, gt=0, description="and extras.")
    wrong_is_typed: float = Field(default=0.5, ge=0, le=1, description="Of wrong names: the right one has no key.")
    leftover_is_named: float = Field(default=0.4, ge=0, le=1, description="Of leftovers, as a share of others.")
    all_extras: float = Field(
        default=0.75, gt=0, le=1, description="People are looked at together who are all extras with this probability."
    )
    least_together: int = Field(default=3, ge=2)
    most_together: int = Field(default=12, ge=2, description="Faces on one screen.")
    clash_is_wrong: float = Field(default=0.5, ge=0, le=1)
    seen_together: float = Field(default=0.95, ge=0, le=1, description="Two tracks of one person in one frame.")
    same_midpoint: float = Field(default=0.87, gt=0)
    same_scale: float = Field(default=0.07, gt=0)
    two_midpoint: float = Field(default=1.25, gt=0)
    two_scale: float = Field(default=0.12, gt=0)
    stray_midpoint: float = Field(default=1.6, gt=0, description="Of a track that is near to nobody else.")
    stray_scale: float = Field(default=0.2, gt=0)
    simultaneous_s: float = Field(default=0.25, ge=0, description="Longer overlaps mean two people.")
    least_worth_s: float = Field(default=0.5, ge=0, description="A question that changes less does not pay.")
    name_costs: float = Field(
        default=2.5, ge=1, description="A typed name / one key, at practised speed (4.1 s / 1.6 s)."
    )
    evidence: int = Field(default=6, ge=1, description="Faces shown of each side.")


class IdentityThresholds(_Rules):
    """All of them."""

    recognisable_size: float = Field(
        default=0.04,
        ge=0,
        le=1,
        description="`FaceQuality.size` from which a face is embedded with the good ones: 20 px.",
    )
    picture: PictureRules = PictureRules()
    gallery: GalleryRules = GalleryRules()
    link: LinkRules = LinkRules()
    temporal: TemporalRules = TemporalRules()
    representative: RepresentativeRules = RepresentativeRules()
    screen_time: ScreenTimeRules = ScreenTimeRules()
    review: ReviewRules = ReviewRules()
