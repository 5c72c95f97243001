"""The learners' inner loops, compiled; they agree bit for bit with the readable ones."""
