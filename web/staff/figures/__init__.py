"""What residents answered, and whom the service does not reach, as figures."""
