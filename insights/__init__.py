"""What residents say, and what it tells the service: aggregation, suppression, emerging issues."""
