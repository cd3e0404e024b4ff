"""A byte-transparent proxy, and the tap that it hands a copy to."""
