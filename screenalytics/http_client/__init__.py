"""The HTTP API as others see it: its OpenAPI document, and a typed client generated from that."""

from screenalytics.http_client.transport import Answer, ApiFailure

__all__ = ["Answer", "ApiFailure"]
