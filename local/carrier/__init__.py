"""A telephone network in a box: speaks the part of Twilio's API that the service uses, and shows each phone."""
