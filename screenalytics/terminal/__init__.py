"""What people see in a terminal: live progress, the result and errors."""
