"""One version against another: who stands against whom, on which rows, and what comes of it."""
