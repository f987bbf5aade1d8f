"""Emerging issues: what stands out in a neighbourhood, what became of it, and what residents said beside it."""
