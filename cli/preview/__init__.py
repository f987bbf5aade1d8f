"""`communityconnect agency preview`: every text as a phone shows it, for those who decide about its wording."""
