"""Values in words: pages, cards, reports, terminals and commits all take them from here."""
