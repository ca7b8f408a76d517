"""The deployment on real containers: images, compose, an episode to the digit, restarts (`python -m tests.containers`)."""
