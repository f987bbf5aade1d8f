"""Whatever comes through a door is taken or refused: a fuzzer's targets, and all that it has found (docs/fuzzing.md)."""
