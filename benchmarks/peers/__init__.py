"""What is measured: personhouse itself, twice, and what one would use instead.

Each system is a class with the same methods (`system.System`), in a process of its own (`worker`),
as only one chDB can be open in a process, and so that none has another's memory or threads.
"""
