"""What the services say to each other: events, topics, manifest rows. Subscribers need nothing but this package."""
