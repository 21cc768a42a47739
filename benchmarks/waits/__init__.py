"""What waiting costs: the parts of `benchmarks.waiting`."""
