"""The integration tests on a second server of the MongoDB protocol: FerretDB 1, on SQLite."""
