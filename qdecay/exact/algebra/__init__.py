"""Exact numbers: polynomials, algebraic numbers, closed forms."""
