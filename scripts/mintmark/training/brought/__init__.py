"""Measure models that came ready, asked in a process apart."""
