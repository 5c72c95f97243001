"""What notebooks show of results: HTML that needs no script, and loads nothing."""
