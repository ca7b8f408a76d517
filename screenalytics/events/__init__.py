"""What an outside emitter and an outside subscriber do, as the command line does it."""
