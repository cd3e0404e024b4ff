"""Builds of a person: recorded, compared, checked, predicted, mended."""
