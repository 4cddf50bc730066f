"""What happens beside the path of requests: shadows are asked, and the log is told."""
