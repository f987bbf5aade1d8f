"""What happens over time. Deterministic, no I/O, no personal data. Activities are called by name, not imported."""
