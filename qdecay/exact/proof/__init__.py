"""Certificates of policy regions, and the checker, which needs only the standard library."""
