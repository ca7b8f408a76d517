"""Attacks on a running stack: what strangers and careless friends send, replayed on loopback within bounds.

One file a family, each with its `ATTACKS`; `registry` lists the families. `python -m tests.hostile` runs them all.
"""
