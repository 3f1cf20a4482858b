"""The second front door: what happens without anyone clicking."""
