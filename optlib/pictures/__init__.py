"""Still pictures, each with a description for screen readers: contours, curves, maps.  `ol.plots` has all of them."""
