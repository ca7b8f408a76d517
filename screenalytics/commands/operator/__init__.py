"""What operators do, in a terminal: every command is a request or two to the HTTP API."""
