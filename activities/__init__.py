"""What touches the world: sends a text through Twilio, keeps the ledger, sweeps."""
