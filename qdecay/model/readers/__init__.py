"""Models as others have them: environments, arrays, files. Each reader returns rows."""
