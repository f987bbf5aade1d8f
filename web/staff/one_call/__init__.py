"""One call: found, told from its first record to its last text, and what staff may do about it."""
