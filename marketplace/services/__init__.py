"""What the product can do: use cases by noun. They load, ask the domain, write and enqueue; they never commit."""
