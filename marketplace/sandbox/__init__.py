"""Stand-ins for the outside world, so that everything runs without keys."""
