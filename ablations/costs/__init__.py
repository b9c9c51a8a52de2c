"""Closed forms, counters, the proof that they agree, published figures."""
