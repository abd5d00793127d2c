"""Random streams become arrivals, delays and service times."""
