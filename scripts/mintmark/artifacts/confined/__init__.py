"""A process apart: models and stages run where they reach, keep and leave little."""
