"""Subject-independent code: processes, memory, outputs, progress, compiling, text."""
