"""The door for the shell: it parses, calls the library, prints, and sets the exit code."""
