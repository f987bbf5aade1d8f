"""The survey: its questions, the answers to them, and the masking of comments. Pure."""
