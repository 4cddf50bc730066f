"""The tags that tell what was merged: their names in the grammar of GTO, and their messages. Reads no Git."""
