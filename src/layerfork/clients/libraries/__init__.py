"""Client libraries and the tools made from them."""
