"""The program: `screenalytics`, or `python -m screenalytics`."""


def main() -> None:
    """Runs a command.

    The command line is loaded here and not with the module: a process that reads videos loads its parent's program again,
    which takes it a tenth of a second with all of that.
    """
    from screenalytics.cli.app import main as run
    from screenalytics.commands.ending import end_at_once

    try:
        run()
    except SystemExit as ended:
        if isinstance(ended.code, str):  # for Python to print
            raise
        end_at_once(ended.code or 0)


if __name__ == "__main__":
    main()
