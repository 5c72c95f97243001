"""The planners' inner loops, compiled."""
