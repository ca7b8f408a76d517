"""The script of the sample episode: who is in the cast, which shots follow each other, and what the camera does.

Faces were found once by eye and by detector; framings are fractions of each picture. Pictures for the facebank come
from other moments of a clip, or from another photograph of the person; where a package holds only one photograph, the
facebank gets a mirrored, lighter or darker crop of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from screenalytics.sample.camera import Framing

EPISODE_NAME = "sample-episode"
FRAMES_PER_S = 25

OBAMA, BIDEN, COLLINS = "Barack Obama", "Joe Biden", "Eileen Collins"
MIRA, THEO, NORA, TESS, IVY = "Mira", "Theo", "Nora", "Tess", "Ivy"
GUESTS = ("guest 1", "guest 2")
FRIENDS = (NORA, TESS, IVY, *GUESTS)

PORTRAIT, SPEECH, BALLROOM = "obama.jpg", "obama2.jpg", "obama3.jpg"
VICE_PRESIDENT, ASTRONAUT, ROCKET = "biden.jpg", "astronaut.png", "rocket.jpg"
MIRA_CLIP, THEO_CLIP, GROUP = ("WolfgangLanger_Pexels.mp4", "face_noface.mov", "multi_face.jpg")


@dataclass(frozen=True)
class Span:
    """A part of a clip in seconds, played forwards, then backwards, and so on for as long as the shot lasts."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Area:
    """A rectangle of the frame, as fractions of its width and height."""

    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0


@dataclass(frozen=True)
class Panel:
    """One camera's picture in the frame. `people` are those whose faces it shows from its first frame to its last."""

    source: str
    people: tuple[str, ...]
    start: Framing
    end: Framing
    area: Area = field(default_factory=Area)
    span: Span | None = None
    gain: float = 1.0


class Backdrop(Enum):
    """What lies behind panels that do not fill the frame."""

    BLUR = "the first panel's picture, blurred and dimmed"
    STUDIO = "a dark blue wall"


@dataclass(frozen=True)
class Shot:
    """Panels shown together between two hard cuts. `duration_s` is a whole number of frames."""

    duration_s: float
    panels: Sequence[Panel]
    backdrop: Backdrop = Backdrop.STUDIO

    @property
    def frames(self) -> int:
        return round(self.duration_s * FRAMES_PER_S)

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(person for panel in self.panels for person in panel.people)


@dataclass(frozen=True)
class CastPicture:
    """A square reference picture of a cast member, `at_s` seconds into a clip or from a photograph."""

    person: str
    source: str
    framing: Framing
    at_s: float | None = None
    mirrored: bool = False
    gain: float = 1.0


UPRIGHT = Area(x=0.275, width=0.45)
SQUARE = Area(x=0.21875, width=0.5625)
LEFT, RIGHT = Area(0.02, 0.06, 0.47, 0.88), Area(0.51, 0.06, 0.47, 0.88)
QUARTERS = tuple(Area(x, y, 0.47, 0.46) for y in (0.03, 0.51) for x in (0.02, 0.51))

EPISODE = (
    Shot(3.0, [Panel(GROUP, FRIENDS, Framing(0.5, 0.43, 1.0), Framing(0.5, 0.42, 0.92))]),
    Shot(2.6, [Panel(PORTRAIT, (OBAMA,), Framing(0.54, 0.5, 0.98), Framing(0.54, 0.42, 0.84), UPRIGHT)], Backdrop.BLUR),
    Shot(2.8, [Panel(MIRA_CLIP, (MIRA,), Framing(0.5, 0.5, 0.98), Framing(0.56, 0.5, 0.9), span=Span(8.9, 12.0))]),
    Shot(
        2.4,
        [Panel(VICE_PRESIDENT, (BIDEN,), Framing(0.55, 0.29, 0.98), Framing(0.56, 0.25, 0.9), UPRIGHT)],
        Backdrop.BLUR,
    ),
    Shot(
        3.0,
        [
            Panel(BALLROOM, (OBAMA,), Framing(0.54, 0.26, 0.8), Framing(0.54, 0.25, 0.74), LEFT),
            Panel(VICE_PRESIDENT, (BIDEN,), Framing(0.56, 0.24, 0.97), Framing(0.56, 0.25, 0.97), RIGHT, gain=1.12),
        ],
    ),
    Shot(2.4, [Panel(GROUP, (TESS, IVY), Framing(0.745, 0.59, 0.46), Framing(0.75, 0.57, 0.48))]),
    Shot(2.0, [Panel(ROCKET, (), Framing(0.5, 0.5, 0.95), Framing(0.5, 0.42, 0.8))]),
    Shot(2.6, [Panel(ASTRONAUT, (COLLINS,), Framing(0.5, 0.3, 0.98), Framing(0.47, 0.28, 0.88))]),
    Shot(2.2, [Panel(THEO_CLIP, (THEO,), Framing(0.48, 0.5, 0.98), Framing(0.47, 0.5, 0.92), span=Span(0.0, 0.9))]),
    Shot(
        2.8,
        [
            Panel(MIRA_CLIP, (MIRA,), Framing(0.72, 0.5, 0.52), Framing(0.72, 0.5, 0.52), LEFT, Span(15.0, 18.0), 1.25),
            Panel(ASTRONAUT, (COLLINS,), Framing(0.45, 0.3, 0.68), Framing(0.44, 0.32, 0.8), RIGHT, gain=0.85),
        ],
    ),
    Shot(
        2.4,
        [Panel(GROUP, (NORA, GUESTS[0]), Framing(0.255, 0.295, 0.37), Framing(0.25, 0.3, 0.36), SQUARE)],
        Backdrop.BLUR,
    ),
    Shot(2.2, [Panel(BALLROOM, (OBAMA,), Framing(0.54, 0.24, 0.86), Framing(0.54, 0.22, 0.95), gain=0.75)]),
    Shot(
        1.8,
        [Panel(THEO_CLIP, (THEO,), Framing(0.46, 0.5, 0.8), Framing(0.46, 0.52, 0.86), span=Span(1.3, 2.2), gain=0.75)],
    ),
    Shot(
        3.2,
        [
            Panel(
                MIRA_CLIP, (MIRA,), Framing(0.55, 0.5, 0.95), Framing(0.55, 0.5, 0.95), QUARTERS[0], Span(18.5, 19.6)
            ),
            Panel(PORTRAIT, (OBAMA,), Framing(0.54, 0.24, 1.0), Framing(0.54, 0.24, 0.92), QUARTERS[1]),
            Panel(ASTRONAUT, (COLLINS,), Framing(0.5, 0.34, 1.0), Framing(0.5, 0.31, 0.94), QUARTERS[2], gain=1.1),
            Panel(THEO_CLIP, (THEO,), Framing(0.47, 0.5, 0.9), Framing(0.47, 0.5, 0.98), QUARTERS[3], Span(1.3, 2.2)),
        ],
    ),
    Shot(
        2.4,
        [Panel(MIRA_CLIP, (MIRA,), Framing(0.6, 0.52, 0.92), Framing(0.6, 0.5, 0.98), span=Span(0.0, 2.4), gain=0.7)],
    ),
    Shot(
        2.0,
        [Panel(VICE_PRESIDENT, (BIDEN,), Framing(0.58, 0.19, 0.9), Framing(0.58, 0.18, 0.98), SQUARE, gain=1.2)],
        Backdrop.BLUR,
    ),
    Shot(3.0, [Panel(GROUP, FRIENDS, Framing(0.5, 0.4, 0.9), Framing(0.5, 0.43, 1.0), gain=0.8)]),
)

CAST = (
    CastPicture(OBAMA, SPEECH, Framing(0.54, 0.36, 0.85)),
    CastPicture(OBAMA, SPEECH, Framing(0.54, 0.37, 0.72), mirrored=True, gain=0.8),
    CastPicture(BIDEN, VICE_PRESIDENT, Framing(0.6, 0.17, 0.72), mirrored=True, gain=1.3),
    CastPicture(COLLINS, ASTRONAUT, Framing(0.44, 0.24, 0.42), mirrored=True, gain=1.15),
    CastPicture(MIRA, MIRA_CLIP, Framing(0.67, 0.5, 0.55), at_s=18.2, gain=1.1),
    CastPicture(MIRA, MIRA_CLIP, Framing(0.7, 0.5, 0.55), at_s=12.6, gain=1.2),
    CastPicture(MIRA, MIRA_CLIP, Framing(0.72, 0.5, 0.55), at_s=14.4),
    CastPicture(THEO, THEO_CLIP, Framing(0.46, 0.5, 0.5), at_s=1.0),
    CastPicture(THEO, THEO_CLIP, Framing(0.46, 0.5, 0.45), at_s=1.2, mirrored=True, gain=0.85),
    CastPicture(NORA, GROUP, Framing(0.352, 0.452, 0.165), mirrored=True, gain=1.1),
    CastPicture(IVY, GROUP, Framing(0.588, 0.56, 0.17), mirrored=True, gain=1.15),
    CastPicture(TESS, GROUP, Framing(0.74, 0.535, 0.2), mirrored=True, gain=0.85),
)
