"""What staff see and do, a room for each subject; `console` shows them."""
