"""Models in other formats: environments, arrays, files. Each reader returns rows."""
