"""Answering over HTTP, the same for residents and staff: forms, shields, headers, who asks."""
