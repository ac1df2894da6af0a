"""The parts of the generator behind ``tools/make_data.py``."""
