"""How notebooks show results: as HTML without scripts that loads nothing."""
