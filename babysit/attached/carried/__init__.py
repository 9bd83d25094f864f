"""Reads the source of a loop: which values it carries from one turn to the next."""

from babysit.attached.carried.reader import CarriedName, LoopReading, read_loop

__all__ = ["CarriedName", "LoopReading", "read_loop"]
