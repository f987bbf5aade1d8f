"""Whatever comes through a door is taken or refused: targets for a fuzzer, and all that it has found (docs/fuzzing.md)."""
