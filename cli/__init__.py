"""The command `communityconnect`, thin."""
