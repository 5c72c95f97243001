"""What knows nothing of the subject: processes, memory, outputs, progress, compiling, words."""
