"""The commands, one module each; `screenalytics.cli.app` binds them to the command line."""
