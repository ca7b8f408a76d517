"""How healthy a clustering looks, and what people are warned about."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.rows import GroupingMetrics, TrackRow
from contracts.warnings import Warning
from services.grouper.rules import WarningRules


def grouping_metrics(cluster_sizes: Sequence[int], *, tracks: int, unassigned: int, rescued: int) -> GroupingMetrics:
    """Health of one clustering; `cluster_sizes` are tracks per cluster, unknown ones not among them."""
    assigned = sum(cluster_sizes)
    return GroupingMetrics(
        tracks=tracks,
        clusters=len(cluster_sizes),
        unassigned_tracks=unassigned,
        rescued_tracks=rescued,
        singleton_fraction=sum(size == 1 for size in cluster_sizes) / len(cluster_sizes) if cluster_sizes else 0.0,
        largest_fraction=max(cluster_sizes) / assigned if assigned else 0.0,
    )


def grouping_warnings(
    metrics: GroupingMetrics, tracks: Sequence[TrackRow], *, duration_s: float, rules: WarningRules
) -> tuple[Warning, ...]:
    """A warning of everything that looks wrong. Continued tracks count once; fewer than `least_tracks` tell nothing."""
    warnings: list[Warning] = []
    if sum(track.continues is None for track in tracks) < rules.least_tracks:
        return ()

    def warn(code: str, sentence: str) -> None:
        warnings.append(Warning.of(code, sentence))

    is_long = duration_s >= rules.least_duration_s
    if is_long and metrics.singleton_fraction > rules.singleton_fraction:
        warn(
            "many_single_tracks",
            f"{metrics.singleton_fraction:.0%} of the clusters have only one track: people may be split.",
        )
    if metrics.clusters > 1 and metrics.largest_fraction > rules.largest_fraction:
        warn(
            "one_large_cluster", f"One cluster holds {metrics.largest_fraction:.0%} of the tracks: people may be mixed."
        )
    if not rules.min_clusters <= metrics.clusters <= rules.max_clusters:
        warn(
            "unusual_cluster_count",
            f"{metrics.clusters} clusters: expected {rules.min_clusters} to {rules.max_clusters}.",
        )
    rate, short = track_rate(tracks, duration_s), short_track_fraction(tracks, rules)
    if rate > rules.tracks_per_minute:
        warn("many_tracks", f"{rate:.0f} tracks per minute: tracking may be broken up.")
    if short > rules.short_track_fraction:
        warn("many_short_tracks", f"{short:.0%} of the tracks are shorter than {rules.short_track_s} s.")
    return tuple(warnings)


def track_rate(tracks: Sequence[TrackRow], duration_s: float) -> float:
    """Tracks per minute; one that continues another over a segment border is the same."""
    begun = sum(track.continues is None for track in tracks)
    return 60 * begun / duration_s if duration_s > 0 else 0.0


def short_track_fraction(tracks: Sequence[TrackRow], rules: WarningRules) -> float:
    """Part of the whole tracks (with their continuations) that are short."""
    seconds: dict[str, float] = {}
    whole: dict[str, str] = {}
    for track in sorted(tracks, key=lambda track: (track.start_s, track.track_id)):
        first = whole.get(track.continues or "", track.track_id)
        whole[track.track_id] = first
        seconds[first] = seconds.get(first, 0.0) + track.end_s - track.start_s
    return sum(value < rules.short_track_s for value in seconds.values()) / len(seconds) if seconds else 0.0
