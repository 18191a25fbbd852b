"""Training networks on mini-batches: `ol.train`, one run in a plain loop, and `ol.train_many`, many runs as one."""
