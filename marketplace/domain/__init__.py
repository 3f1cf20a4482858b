"""The rules of the business: pure functions over plain values, standard library only."""
