"""Certificates of policy regions, and the checker, which needs the standard library alone."""
