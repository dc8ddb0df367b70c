"""Measurements and data for them, one command each; kept out of the timed test suite."""
