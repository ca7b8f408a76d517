"""Two versions of a programme as one HTML page that needs nothing else."""

from __future__ import annotations

from services.identity.report.render import asset, environment
from services.identity.screentime.versions import VersionComparison


def render_versions(comparison: VersionComparison) -> str:
    """The same comparison always gives the same page."""
    template = environment().get_template("versions.html.j2")
    return template.render(found=comparison, style=asset("report.css"))
