"""`python -m screenalytics`."""

from screenalytics.cli import main

main()
