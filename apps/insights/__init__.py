"""Read models of a shop: sales, best sellers, stock movements, what customers are worth."""
