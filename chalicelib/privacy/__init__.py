"""Personal data: what is kept about a person, and how all of it is erased."""
