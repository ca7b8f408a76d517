"""What a person who is or was in a cast is owed: consent, erasure, a copy of what is kept. Pure."""
