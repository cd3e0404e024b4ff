"""The fork graph: caches as lines that run together, and part at the step where they fork.

`graph` says what is drawn, `order` and `layout` where, `draw` how. All are pure functions of values.
"""
