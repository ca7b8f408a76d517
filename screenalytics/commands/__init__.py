"""The commands, one module each; `screenalytics.cli` binds them to the command line."""
