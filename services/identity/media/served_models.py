"""What the inference server has."""

from __future__ import annotations

from chassis.domain.calibration import EmbedderCalibration
from chassis.triton.client import Inference
from services.identity.recognised_with import RecognisedWith


async def served_models(inference: Inference) -> RecognisedWith:
    """The models that the inference server has, with the embedder's calibration if somebody has calibrated it."""
    served = await inference.models()
    calibration = await calibration_of(inference)
    return RecognisedWith(
        models={"face_detector": served.detector.model_id, "face_embedder": served.embedder.model_id},
        dimension=served.embedder.dimension,
        model_id=served.embedder.model_id,
        midpoint=calibration.midpoint if calibration else None,
        scale=calibration.scale if calibration else None,
        people=calibration.measured if calibration else None,
    )


async def calibration_of(inference: Inference) -> EmbedderCalibration | None:
    """EmbedderCalibration of the served embedder, None for one nobody has calibrated."""
    embedder = await inference.embedder()
    if embedder.calibration is None:
        return None
    return EmbedderCalibration(
        model_id=embedder.model_id,
        midpoint=embedder.calibration.midpoint,
        scale=1.0 / embedder.calibration.slope,
        measured=embedder.calibration.people,
    )
