"""Prometheus metrics every service has, served at `/internal/metrics`."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160)

consumed = Counter("screenalytics_events_consumed_total", "Events received.", ["topic"])
handled = Counter("screenalytics_events_handled_total", "Events handled and acknowledged.", ["topic"])
failed = Counter("screenalytics_events_failed_total", "Tries that failed, by kind of error.", ["topic", "kind"])
retries = Counter("screenalytics_retries_total", "Tries put off for later.", ["topic"])
dead_letters = Counter("screenalytics_dead_letters_total", "Events put into the dead-letter topic.", ["topic"])
published = Counter("screenalytics_events_published_total", "Events published.", ["topic"])
fenced = Counter(
    "screenalytics_events_fenced_total", "Events of superseded or cancelled runs that were dropped.", ["topic"]
)
handler_seconds = Histogram("screenalytics_handler_seconds", "Seconds in a handler.", ["topic"], buckets=_SECONDS)
real_time_factor = Histogram(
    "screenalytics_segment_real_time_factor",
    "Seconds of work per second of video.",
    ["stage"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
inference_seconds = Histogram(
    "screenalytics_inference_seconds",
    "Seconds of one request to the inference server, its queueing there included.",
    ["model"],
    buckets=_SECONDS,
)
inference_queue_seconds = Histogram(
    "screenalytics_inference_queue_seconds",
    "Seconds a request waited in this process for one of its places at the inference server.",
    ["model"],
    buckets=_SECONDS,
)
dependency_up = Gauge("screenalytics_dependency_up", "1 when the dependency answered last, else 0.", ["dependency"])
consumer_lag = Gauge(
    "screenalytics_consumer_lag", "Messages not yet handled, as far as this consumer knows.", ["topic", "partition"]
)
paused_partitions = Gauge("screenalytics_paused_partitions", "Partitions waiting for a retry.")
runs_by_state = Gauge("screenalytics_runs", "Runs by state.", ["state"])
oldest_run_age = Gauge("screenalytics_oldest_run_age_seconds", "Age of the oldest run in a state.", ["state"])
outbox_age = Gauge(
    "screenalytics_outbox_age_seconds", "How long the oldest change has waited for its event to be published."
)
outbox_stuck = Gauge(
    "screenalytics_outbox_stuck_documents", "Documents whose next event could not be published when it was last tried."
)
webhook_tries = Counter(
    "screenalytics_webhook_tries_total", "Tries to tell a webhook, by outcome: delivered, failed, dead.", ["outcome"]
)
outbox_failures = Counter(
    "screenalytics_outbox_failures_total",
    "Relays that ended at an event, by why: kafka_away, unknown_type, invalid, refused.",
    ["reason"],
)
