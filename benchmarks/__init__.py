"""Measurements of the whole system: how right it is and how fast."""
