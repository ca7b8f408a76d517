"""The release before and this one on the same servers: opened, side by side, and back (`python -m tests.upgrade`)."""
