"""Wording, rendering, SMS segments, reply keywords. Pure."""
