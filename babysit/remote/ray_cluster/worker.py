"""The worker beside its actor: `babysit work`, which ends when its actor does, however it ends."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from babysit.remote.child import end_with_companion

    end_with_companion()
    from babysit.remote.__main__ import main

    sys.exit(main())
