"""How far we are from the bare limits of the machine: `make bench`, or `python -m benchmarks [NAME …]`.

Each benchmark is a module with `measure() -> Result` that runs both sides in turns within one run, so that whatever
else the machine does weighs on both.
"""
