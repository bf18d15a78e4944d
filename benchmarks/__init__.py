"""What the path of a message costs, as a ratio to a ceiling measured in the same run.

`make bench`, or `python -m benchmarks --help`. What the figures mean is in docs/performance.md.
"""
