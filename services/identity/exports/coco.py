"""COCO: an image for every frame with a face, a category for every person, an annotation for every face.

https://cocodataset.org/#format-data. Boxes lie inside the picture, as COCO's do; the five landmarks are keypoints.
"""

from __future__ import annotations

import json
from typing import Any

from services.identity.exports.face_boxes import DIGITS, BoxedEpisode, FaceBox

KEYPOINTS = ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"]
"""Left and right as in the picture."""
_SEEN = 2


def to_coco(episode: BoxedEpisode) -> str:
    """The dataset. A frame that was not looked at, or had no face, has no image: its absence says nothing."""
    width, height = episode.size
    frames = {box.frame: box.t_s for box in episode.boxes}
    annotations = [found for found in (_annotation(box, episode.size) for box in episode.boxes) if found["area"] > 0]
    return json.dumps(
        {
            "info": {
                "description": f"Faces of {episode.ep_id}, revision {episode.revision}",
                "version": str(episode.revision),
                "ep_id": episode.ep_id,
            },
            "licenses": [],
            "images": [
                {
                    "id": frame + 1,
                    "width": width,
                    "height": height,
                    "file_name": file_name(frame),
                    "frame": frame,
                    "t_s": t_s,
                }
                for frame, t_s in frames.items()
            ],
            "categories": [
                {
                    "id": person.number,
                    "name": person.name,
                    "supercategory": person.kind,
                    "person_id": person.key,
                    "keypoints": KEYPOINTS,
                    "skeleton": [],
                }
                for person in episode.people
            ],
            "annotations": [{"id": number} | found for number, found in enumerate(annotations, start=1)],
        },
        ensure_ascii=False,
        indent=1,
    )


def file_name(frame: int) -> str:
    """As ffmpeg names the pictures of a video by `%06d.jpg`, counting from 1."""
    return f"{frame + 1:06d}.jpg"


def _annotation(face: FaceBox, size: tuple[int, int]) -> dict[str, Any]:
    left, top, wide, high = face.box
    x1, y1 = max(0.0, left), max(0.0, top)
    x2, y2 = min(float(size[0]), left + wide), min(float(size[1]), top + high)
    inside = [round(value, DIGITS) for value in (x1, y1, max(0.0, x2 - x1), max(0.0, y2 - y1))]
    points = [value for x, y in zip(face.points[::2], face.points[1::2], strict=True) for value in (x, y, _SEEN)]
    return {
        "image_id": face.frame + 1,
        "category_id": face.person.number,
        "bbox": inside,
        "area": round(inside[2] * inside[3], DIGITS),
        "iscrowd": 0,
        "keypoints": points,
        "num_keypoints": len(KEYPOINTS),
        "score": round(face.confidence, 4),
        "track_id": face.track_id,
    }
