"""Residents: the survey, what we say about ourselves, and Twilio's webhooks."""
