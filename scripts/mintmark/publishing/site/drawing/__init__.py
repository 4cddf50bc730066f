"""Drawings of the site as SVG."""
