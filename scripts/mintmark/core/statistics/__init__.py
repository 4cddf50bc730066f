"""Numbers about predictions: metrics, intervals, differences, curves and slices. Pure."""
