"""What staff do: the list of numbers that must not be texted, and what needs a person first."""
