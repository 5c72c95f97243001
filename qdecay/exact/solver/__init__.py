"""Exact values and advantages, and the walk over all gamma."""
