"""Files → rows. Knows formats, computes nothing."""
