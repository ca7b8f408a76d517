"""The program: `screenalytics`, or `python -m screenalytics`."""


def main() -> None:
    """Runs a command.

    The command line is loaded here and not with the module: a process that reads videos loads its parent's program again,
    which takes it a tenth of a second with all of that.
    """
    from screenalytics.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
