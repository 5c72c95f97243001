"""Exact answers: integers, fractions and algebraic numbers from end to end."""
