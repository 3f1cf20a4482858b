"""A made-up trade for the demo: its people, their drawn portraits and their generated clips."""
