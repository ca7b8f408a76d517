"""The self-contained HTML report of an episode's screen time."""

from services.identity.report.render import render_report

__all__ = ["render_report"]
