"""The compiled engine in machine code. `response.compiled` loads it, and says where it is kept."""
