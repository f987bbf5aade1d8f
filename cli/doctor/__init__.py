"""`communityconnect doctor`: is everything there that the service needs? Each trouble is named with its mend."""
