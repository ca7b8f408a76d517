"""Signed statements about a revision, and their verification without a network."""
