"""Money taken and given back, through providers."""
