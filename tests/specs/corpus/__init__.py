"""The corpus: specifications, and what real TLC finds in each of them."""
