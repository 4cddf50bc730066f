"""The prediction log, written off the path of requests: a queue, files of Parquet, and their merging."""
