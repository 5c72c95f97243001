"""Models of environments without a table: enumerated by copying them and trying every action.

`reading` puts the parts together, and says what is assumed and how that is checked.
"""
