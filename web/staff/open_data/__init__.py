"""What a person decides about open data, and how it gets to the public."""
