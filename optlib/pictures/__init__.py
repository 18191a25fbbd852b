"""The static pictures; `optlib.plots` hands out all of them."""
