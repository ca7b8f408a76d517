"""Things are killed, stopped, cut off and repeated while episodes are on their way; the result must not change."""
