"""What is judged and by which rules: kinds, gates, contests, claims, behaviour, rules R1 to R5. Pure."""
