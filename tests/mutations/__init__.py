"""Known bugs as patches, one file each, and the tests that must notice them.

A patch opens with `bug:` (what it is), `tests:` (arguments of pytest, one of which must fail) and,
where something else keeps the harm away, `defended by:` (why it may survive).
"""
