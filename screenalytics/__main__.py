"""`python -m screenalytics`."""

from screenalytics.cli.app import main

main()
