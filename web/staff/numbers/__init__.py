"""Numbers that must not be texted: opt-outs, the block list, and lines that the carrier closed."""
