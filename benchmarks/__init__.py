"""Measured side by side in one run: our service, the bare engine of the same shape, and what a team would build first.

`make bench`; what is measured, and what came of it, stands in docs/benchmarks.md.
"""
