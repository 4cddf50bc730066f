"""Versions in the forms that other systems read. Changes no registry."""
