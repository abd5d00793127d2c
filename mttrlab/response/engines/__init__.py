"""One transition function over integers, and the two engines that run it."""
