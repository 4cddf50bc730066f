"""The read-only plugin for MLflow. Only `store` and `artifacts` import MLflow, which finds them by entry points."""
