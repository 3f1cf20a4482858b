"""How the demo's made-up trade gets into an empty database, by the product's own services wherever they reach."""
