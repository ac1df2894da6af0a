"""The parts of the generator behind ``data/source/make_data.py``."""
