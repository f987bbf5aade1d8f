"""One module a door: its target, and the inputs that a fuzzer begins with."""
