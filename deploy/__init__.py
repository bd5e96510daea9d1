"""How does a stage get to AWS, and away again? Stands beside the product and is never packaged."""
