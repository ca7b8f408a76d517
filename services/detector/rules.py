"""Every number of the detector, one settings class per concern, one set of them per profile."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from contracts.events import Profile


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShotRules(_Rules):
    """When a change between two frames is a cut. Differences are fractions of the pictures' own contrast."""

    delay_frames: int = 5
    """Frames after a candidate that are looked at before it is decided."""
    history_frames: int = 6
    minimum_difference: float = 0.22
    times_usual_difference: float = 3.0
    """A cut differs this many times more than the frames around it usually do."""
    rival_frames: int = 2
    """The largest difference within this many frames is the cut."""
    flash_frames: int = 4
    """A picture that is back as before within this many frames was a flash, not a cut."""
    flash_similarity: float = 0.5
    """How much of the difference may remain after a flash."""
    shift: int = 4
    """Camera movement that is compensated, in pixels of the signature."""
    black_luma: float = 24.0
    black_contrast: float = 4.0
    """A frame darker and plainer than this is black."""
    bar_luma: float = 20.0
    """Rows and columns at the edges that were never brighter than this are bars, as around an upright picture."""
    dissolve_window_s: float = 0.5
    """Pictures this far apart are compared to find gradual transitions."""
    dissolve_frames: int = 6
    """With fewer frames in the window nothing can be said."""
    dissolve_difference: float = 0.28
    dissolve_explained: float = 0.987
    """What mixtures of both ends must explain of the pictures in between."""
    unlike_difference: float = 0.7
    """Ends that differ this much may be two pictures while the camera moves: then less must be explained."""
    unlike_explained: float = 0.93
    """Measured in 520 s of six sets: 0.931 to 0.957 in a dissolve between two pans, elsewhere 0.929 at most."""
    unlike_least_s: float = 0.2
    """How long that must be so."""
    least_left: float = 0.7
    """Part of the change to either end that the best movement leaves: pans and zooms 0.25 at most, that dissolve 0.95."""
    dissolve_same_picture: float = 0.9
    """Ends that explain each other this much are the same picture in another light."""
    lookahead_s: float = 0.6
    """What is decoded beyond a segment's end to judge whether its border is a cut."""


class TrackingRules(_Rules):
    """How detections become tracks. Sizes and distances are relative to the face."""

    strong_score: float = 0.6
    """Detections from here on start tracks and are matched first."""
    weak_score: float = 0.4
    """Detections from here on may extend tracks; lower ones are not looked at."""
    minimum_overlap: float = 0.2
    weak_minimum_overlap: float = 0.35
    largest_shift: float = 0.9
    """Distance of centres over face size beyond which boxes are never the same face."""
    largest_size_ratio: float = 1.6
    gap_largest_shift: float = 0.6
    minimum_likeness: float = 0.6
    """Correlation of aligned chips below which a move is refused. On labelled episodes the same face an eighth of a second
    later has at least 0.67 in 99.5 % of cases; other people's faces have 0.59 in the median."""
    trusted_overlap: float = 0.75
    """Boxes that overlap this much are the same face without a look at the chips, unless those contradict outright."""
    contradiction: float = 0.45
    max_gap_s: float = 1.0
    velocity_memory: float = 0.5
    """Weight of the newest step in a track's velocity."""
    minimum_detections: int = 2
    minimum_mean_score: float = 0.55
    snap_s: float = 0.125
    """A track that begins or ends this close to its shot's border reaches to the border, at least within one sample."""
    unconfirmed_score: float = 0.8
    """A track in which the dearer model sees no face is one when the cheap model is this sure of it in the mean."""
    single_detection_score: float = 0.8
    """One detection is enough for a track when it is this sure (a shot of a few frames)."""


class PresenceRules(_Rules):
    """How much of a face can be seen, by the area and score of its detection over what is usual in its track.

    Measured on 51 clear faces that were covered, or cut off by the picture's edge, to known parts (medians): at 0.4 of
    the face the product is 0.45 covered and 0.19 at the edge, at 0.5 it is 0.62 and 0.42, at 0.6 0.75 and 0.56.
    """

    half_covered: float = 0.62
    half_at_edge: float = 0.42
    neighbours: int = 12
    """So many observations on either side say what is usual."""
    usual_quantile: float = 0.75
    edge: float = 0.03
    """A box this close to the picture's edge, over its height, is cut off by it."""
    most_hidden: int = 8
    """More hidden observations in a row are no entrance, but how this face is seen."""
    usual_spacings: float = 2.5
    """Observations further apart than this many usual distances have a gap between them."""
    covering_overlap: float = 0.3


class QualityRules(_Rules):
    """What a good face is; each part is 0 at the first value and 1 at the second (or the other way round)."""

    confidence: tuple[float, float] = (0.3, 0.9)
    size_px: tuple[float, float] = (16.0, 112.0)
    sharpness: tuple[float, float] = (-3.2, -0.6)
    """Natural logarithm of detail over contrast; measured: clean -0.8, darkened to 45 % -0.8, blurred by 4 px of the
    chip -2.7, by 6 px -3.2, where strangers begin to look alike to the embedder."""
    contrast: tuple[float, float] = (2.5, 45.0)
    """Standard deviation of the chip's luma, 0..255."""
    yaw: tuple[float, float] = (0.08, 0.45)
    """Nose's distance from the middle of the eyes over the distance of the eyes: 1 at the first, 0 at the second."""
    pitch: tuple[float, float] = (0.1, 0.4)
    weights: tuple[float, float, float, float, float] = (0.15, 0.25, 0.25, 0.1, 0.25)
    """Of confidence, size, sharpness, contrast, frontality; their sum is 1."""


class CropRules(_Rules):
    """Which pictures of a track are kept."""

    chips_per_track: int = 8
    thumbnails_per_track: int = 3
    chip_spacing_s: float = 0.25
    thumbnail_spacing_s: float = 1.0
    chip_jpeg_quality: int = 95
    thumbnail_jpeg_quality: int = 88


class CloserRules(_Rules):
    """Looking at a face from close by with the dearer model, in a picture of itself and its surroundings."""

    side: int = 160
    """Side of the picture that the model gets. A face then is some 80 pixels high, which that model needs: with 128 or 96
    pixels a third of what its landmarks are worth to the embedder is lost (measured on tilted heads)."""
    crop_margin: float = 0.5
    """Added on every side of the box, as a fraction of its longer side."""
    largest: int = 256
    """A larger picture is reduced to this; thumbnails and chips are made of it as well."""
    at_once: int = 8
    """Pictures in one request."""
    min_score: float = 0.3
    minimum_overlap: float = 0.3
    """Least overlap of what is seen with the box that was expected."""
    looks_in_vain: int = 2
    """So many closer looks a track that is missing gets in a row: a head that tilts is found again at once."""
    free_overlap: float = 0.3
    """Where a face overlaps the expected place by more, the missing one is behind it."""


class RotatedRules(_Rules):
    """Looking for tilted heads in frames turned to either side."""

    degrees: float = 30.0
    """Heads tilted by 35 degrees: the cheap model finds 81 % of those 64 px high upright, 98 % with both turns; by 50
    degrees 58 % and 93 %."""
    every_s: float = 4.0
    """How often such a look is repeated within a shot; the first frame of a shot always gets one. 0: never."""
    long_side: int = 576
    """Long side of the turned frame, in which the whole frame fits."""
    min_score: float = 0.6
    known_overlap: float = 0.2
    """What overlaps a face that is known by this much is no news."""
    confirming_score: float = 0.5
    """Least score of the dearer model: patterns on clothes and the like come below (measured)."""


class CalmRules(_Rules):
    """When frames between two looks need none of their own."""

    cells: int = 2
    """Cells of the grid of full looks that are decided on together: one full look is enough where nothing happens."""
    least_score: float = 0.6
    """A face that either look is less sure of is looked at in every frame: drawings and animals come and go."""
    most_change: float = 14.0
    """Mean change of a ninth by a sixteenth of the picture beside heads and bodies, in levels of 0..255."""
    body: float = 2.5
    """What is below a chin, so many widths of the face to either side, is a body: it may move."""
    least_overlap: float = 0.5
    """Least overlap of a face in the first look and in the last."""
    least_likeness: float = 0.8
    """Least correlation of what is in an interpolated box with the face in the first look or in the last."""


class SmallFaceRules(_Rules):
    """Faces that are too small for full looks: found in larger ones, followed in pictures of themselves."""

    below_px: float = 20.0
    """Height in pixels of the analysed frame below which a full look misses one in four."""
    side: int = 128
    """Side of the picture around a face that the cheap model gets."""
    crop_margin: float = 2.0
    """Added on every side of the box, over its longer side: the face then is 26 pixels high and may have moved by twice
    its height."""
    most: int = 24
    """So many faces are followed at a time, the surest first."""


class BesideRules(_Rules):
    """Looking for small faces beside large ones: in which fields of a frame, and how many. Sizes in pixels of a wide look.

    Of 240 faces of 20 to 45 px put before a backdrop, and of 143 in three sets of which the whole frame was reduced until
    they were 22 and 32 px high, the second best cell has a detail of 8.1 at least (8.3 to 19 in 99 of 100) and corners of 12
    (12.6 to 27). Beside the heads and bodies of close-ups in these sets 7 to 27 of 100 fields reach both limits.
    """

    per_s: float = 0.0
    """Fields that may be looked at in vain for each second of video; 0: no such looks."""
    most: int = 96
    """Fields in one look, those with most corners first."""
    cell: int = 16
    """Side of a cell."""
    cells: int = 5
    """Cells of a field on a side."""
    side: int = 128
    """Side of the picture of a field that the cheap model gets."""
    surroundings: float = 0.3
    """That picture's margin on every side, over the field's side: a face on the border lies whole in one of the pictures."""
    detail: float = 5.0
    """Mean difference of a cell at half size from the same at an eighth, in levels of 0..255."""
    corners: float = 8.0
    """How much the luma changes there in every direction: edges of masts and windows have little."""
    least_cells: int = 2
    """Cells of a field that reach both."""
    body: float = 1.5
    """What is below a chin, so many widths of the face to either side, is a body."""
    most_change: float = 12.0
    """Change of a cell's mean luma, in levels, up to which a field shows what it showed when it was searched in vain."""


class PersonRules(_Rules):
    """Whole people, for when somebody is there whose face is not seen. Boxes are fractions of the picture."""

    looks_per_s: float = 0.0
    """Frames a second that are searched for people; 0: never."""
    least_apart_s: float = 0.2
    """Where a face is lost there is a look at once, but no sooner after the last than this."""
    least_score: float = 0.35
    """Fainter boxes are nobody. YOLOX-Nano's authors show boxes from 0.3."""
    least_overlap: float = 0.25
    """Intersection over union of one body in two looks, half a second apart."""
    max_gap_s: float = 1.1
    """A body may be missed in one look in between."""
    same_moment_s: float = 0.2
    """A face and a body are compared where they were seen this close in time."""
    least_inside: float = 0.7
    """Part of a face that lies inside its body's box."""
    lowest_face: float = 0.65
    """A face's middle lies this far down its body at most; a close-up's body is little more than the face."""
    doubtful_score: float = 0.88
    """Faces of a lower mean score may be animals'. Below are all of animals and 17 of 181 tracks of people in six sets."""
    doubt_within_s: float = 0.3
    """How long before and after such a face a frame is looked at for it."""


class DetectorProfile(_Rules):
    """All numbers of one profile."""

    name: Profile
    samples_per_s: float | None
    """Frames analysed per second; None: every frame."""
    long_side: int
    """Long side of the analysed frame in pixels; smaller frames are not enlarged."""
    half_size_look: bool
    """Whether a frame without a sure face is looked at again at half size, for faces larger than the frame."""
    sure_score: float = 0.6
    """A frame with a face of at least this score gets no second look at half size."""
    full_looks_per_s: float = 0.0
    """Full looks per second of a shot; in between, large faces are followed at reduced size. 0: every look is full."""
    follow_long_side: int = 320
    """Long side of a reduced look in pixels."""
    followed_face: float = 0.06
    """Least height of a face that is followed at reduced size, over the frame's long side: 19 of 320 pixels."""
    smallest_face_px: float = 10.0
    """Height in pixels of the analysed frame below which a face that is not seen may be there all the same."""
    wide_long_side: int = 1280
    """Long side of a look for small faces, where `long_side` is less."""
    wide_beside: float = 0.25
    """Beside a sure face of this height over the picture's no wide look is taken: what only that shows is a ninth as large
    at most, far behind and out of focus."""
    wide_every_s: float = 4.0
    """How often such a look is repeated within a shot; the first frame of a shot always gets one."""
    parts_every_s: float = 0.0
    """How often enlarged quarters of the frame are searched for small faces, from each shot's first frame on; 0: never."""
    parts_where_small: bool = False
    """Whether only where the wide look shows a small face and no large one: somebody far away is seldom alone."""
    parts_zoom: float = 2.0
    """Enlargement of those quarters at most."""
    parts_long_side: int = 2560
    """Long side of an enlarged quarter at most."""
    merge_overlap: float = 0.4
    """Boxes of several looks at one frame that overlap more than this are one face."""
    frame_long_side: int = 2560
    """Long side of the frame from which looks and crops are cut; larger frames are reduced to it, or halved."""
    least_halved_side: int = 1920
    """A larger frame is halved where that leaves so much of its long side, for a fifth of the time. The smallest faces that
    enlarged parts of 4K show are 15 pixels high then instead of 11; crops of small ones hold three quarters of the detail."""
    frames_in_flight: int = 4
    """Frames that may wait for the detector at a time, however large."""
    most_in_flight: int = 48
    """Frames that may wait at a time, however small."""
    pixels_in_flight: int = 0
    """Of smaller frames more may wait, up to so many pixels: 16 of 720p hold less than 8 of 1080p do, and decoder and models
    wait for each other less (1.40 s for a segment of 20 s instead of 1.48, where nothing else runs)."""
    shots: ShotRules = Field(default_factory=ShotRules)
    closer: CloserRules = Field(default_factory=CloserRules)
    rotated: RotatedRules = Field(default_factory=RotatedRules)
    tracking: TrackingRules = Field(default_factory=TrackingRules)
    presence: PresenceRules = Field(default_factory=PresenceRules)
    quality: QualityRules = Field(default_factory=QualityRules)
    crops: CropRules = Field(default_factory=CropRules)
    persons: PersonRules = Field(default_factory=PersonRules)
    calm: CalmRules = Field(default_factory=CalmRules)
    small: SmallFaceRules = Field(default_factory=SmallFaceRules)
    beside: BesideRules = Field(default_factory=BesideRules)

    def frame_side(self, long_side: int) -> int:
        """Long side of the frame that a picture of this long side becomes."""
        halved = long_side
        while halved > self.frame_long_side:
            halved //= 2
        return halved if halved >= self.least_halved_side else min(long_side, self.frame_long_side)

    def in_flight(self, height: int, width: int) -> int:
        """How many frames of a size may wait for the detector at a time."""
        return max(self.frames_in_flight, min(self.pixels_in_flight // (height * width), self.most_in_flight))


class DetectorProfiles(_Rules):
    """The profiles by name."""

    low_power: DetectorProfile = DetectorProfile(
        name="low_power", samples_per_s=4.0, long_side=480, half_size_look=False
    )
    balanced: DetectorProfile = DetectorProfile(
        name="balanced",
        samples_per_s=8.0,
        long_side=640,
        half_size_look=True,
        full_looks_per_s=2.0,
        wide_long_side=1920,
        parts_every_s=4.0,
        parts_where_small=True,
        parts_zoom=1.35,
        beside=BesideRules(per_s=5.0),
        frames_in_flight=12,
        pixels_in_flight=15_000_000,
        persons=PersonRules(looks_per_s=2.0),
    )
    high_accuracy: DetectorProfile = DetectorProfile(
        name="high_accuracy",
        samples_per_s=None,
        long_side=1280,
        half_size_look=True,
        full_looks_per_s=8.0,
        follow_long_side=640,
        least_halved_side=2560,
        parts_every_s=2.0,
        frames_in_flight=12,
        persons=PersonRules(looks_per_s=2.0),
    )

    def named(self, name: Profile) -> DetectorProfile:
        """The profile an event asks for."""
        profile: DetectorProfile = getattr(self, name)
        return profile
