"""This workbook's way against the tutorials' way, side by side: `python -m bench` from the clone."""
