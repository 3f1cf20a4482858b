"""Networks: where actors' followers and posts are read, each behind the same Protocol."""
