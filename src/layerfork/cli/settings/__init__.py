"""Settings: what commands do when the command line does not say: environment, file, default, in this order.

One mechanism for every command: click asks the variables of `variables.py` and the map of `fromfile.py`.
"""
