"""Whatever comes through a door is taken or refused: a fuzzer's targets, and what it has found (docs/fuzzing.md)."""
