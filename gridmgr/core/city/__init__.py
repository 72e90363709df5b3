"""What the city is called: one row, told at the head of every page and on what leaves the house."""
