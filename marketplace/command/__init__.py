"""The commands of `python -m marketplace`: composition, the only room that sees everything."""
