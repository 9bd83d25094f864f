"""What a forked process does in advance changes nothing of what its run computes."""

from __future__ import annotations

import torch

from babysit.forkserver.warm_up import touch_pages


def test_a_process_that_waits_for_a_run_draws_no_random_number() -> None:
    before = torch.get_rng_state()

    touch_pages()

    assert torch.equal(torch.get_rng_state(), before)
