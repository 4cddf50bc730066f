"""What moves the answers of a model: partial dependence, and the contributions of the inputs to single answers."""
