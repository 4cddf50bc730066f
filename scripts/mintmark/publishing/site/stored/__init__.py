"""What the stored files of a version come to, as small documents: typical inputs, answers by class, trials."""
