"""What the stage scripts use: recipes, cleaning, splitting, estimators, tuning and the reference profile."""
