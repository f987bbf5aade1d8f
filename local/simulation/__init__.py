"""`communityconnect simulate`: a whole log through the real service on time that is skipped, and nobody texted."""
