"""The language that all rooms speak: facts, eligibility, timetable, clock, contracts. Pure; no personal data."""
