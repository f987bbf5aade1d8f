"""The monthly operations report, counted out of the tables."""
