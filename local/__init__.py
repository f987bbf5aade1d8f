"""Everything in a box for `make run`, tests and benchmarks."""
