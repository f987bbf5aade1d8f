"""Loads and checks an agency's folder into typed values."""
