"""Pure rules and arithmetic: values in, values out. No files, Git, clock, environment or print."""
