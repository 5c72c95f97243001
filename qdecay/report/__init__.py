"""Pictures of what qdecay finds."""
