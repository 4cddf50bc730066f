"""One verb a file: values in, an exit code out."""
