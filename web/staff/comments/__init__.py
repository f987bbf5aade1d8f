"""What residents wrote: a person reads it, masks names, and decides what is shared."""
