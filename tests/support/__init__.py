"""Helpers for tests: a real Apache Kafka broker and a proxy that makes network faults."""
