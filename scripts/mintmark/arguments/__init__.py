"""The commands and their arguments, as argparse needs them. Importing them imports no command."""
