"""The HTTP API as others see it: a typed client made from its OpenAPI document, and an episode from file to result.

The SDK (`pip install ./sdk`) installs this folder as `screenalytics_sdk`.
"""

from .transport import Answer, ApiFailure

__all__ = ["Answer", "ApiFailure"]
