"""How much work is left for people: an operator who knows the truth works the review queue, and every key counts."""
