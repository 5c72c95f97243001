"""Pages and figures of qdecay's results."""
