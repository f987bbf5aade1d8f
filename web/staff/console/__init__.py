"""The console: its pages, for the people of the communications centre."""
