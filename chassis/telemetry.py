"""Structured logs and traces. One trace per episode: the trace context travels in the events' `traceparent` header."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.settings import TelemetrySettings

_propagator = TraceContextTextMapPropagator()


def configure(service: str, settings: TelemetrySettings) -> TracerProvider:
    """Set up logs on stderr and the tracer of one service process."""
    _configure_logs(service, settings)
    provider = TracerProvider(resource=Resource.create({"service.name": f"screenalytics-{service}"}))
    if settings.exporter == "console":
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr)))
    elif settings.exporter == "otlp":
        # Slow to import, and on one machine nobody wants it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)
    return provider


def _configure_logs(service: str, settings: TelemetrySettings) -> None:
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(
        stream=sys.stderr, level=max(level, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_trace_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def _add_trace_id(_logger: Any, _method: str, fields: Any) -> Any:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        fields["trace_id"] = f"{span.trace_id:032x}"
    return fields


def logger() -> Any:
    """A structured logger; ep_id, run_id, segment and trace id come from the context."""
    return structlog.get_logger()


def current_traceparent() -> str | None:
    """W3C trace context of the current span, for an event's header."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in a W3C trace context; None where there is none."""
    parent = trace.get_current_span(_propagator.extract({"traceparent": traceparent})) if traceparent else None
    return f"{parent.get_span_context().trace_id:032x}" if parent and parent.get_span_context().is_valid else None


@contextmanager
def span(
    name: str,
    *,
    traceparent: str | None = None,
    links: Sequence[str | None] = (),
    **attributes: str | int | float,
) -> Iterator[trace.Span]:
    """A span that goes on with the trace of `traceparent`, or with the current one.

    `links`: trace contexts of what led to it without being its parent, as the try before; empty ones are left out.
    """
    parent = _propagator.extract({"traceparent": traceparent}) if traceparent else otel_context.get_current()
    with trace.get_tracer("screenalytics").start_as_current_span(
        name,
        context=parent,
        attributes=attributes,
        links=[trace.Link(found) for found in map(_context_of, links) if found],
    ) as current:
        yield current


def _context_of(traceparent: str | None) -> trace.SpanContext | None:
    """The span that a trace context names; None where it names none."""
    if not traceparent:
        return None
    found = trace.get_current_span(_propagator.extract({"traceparent": traceparent})).get_span_context()
    return found if found.is_valid else None


@contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Fields that every log line inside carries; empty ones are left out."""
    with structlog.contextvars.bound_contextvars(**{k: v for k, v in fields.items() if v is not None}):
        yield
