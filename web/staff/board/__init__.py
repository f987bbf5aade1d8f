"""The board: every open call at a glance, and what needs a person first."""
