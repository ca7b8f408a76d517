"""What people see in a terminal: live progress, the result and errors."""

from screenalytics.terminal.messages import render_error
from screenalytics.terminal.progress import ProgressView
from screenalytics.terminal.result import render_result_table

__all__ = ["ProgressView", "render_error", "render_result_table"]
