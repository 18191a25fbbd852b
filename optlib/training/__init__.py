"""NumPy networks, trained on mini-batches: `ol.train`, one run in a plain loop; `ol.train_many`, many runs as one."""
