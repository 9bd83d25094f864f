"""Limits on requests, each with its unit."""

from __future__ import annotations

BODY_BYTES_MAX = 1_000_000
SIGN_IN_BODY_BYTES_MAX = 8_192  # the client is not authenticated yet
RECIPE_BODY_BYTES_MAX = 20_000_000  # a recipe holds the record of every step
WORKER_BODY_BYTES_MAX = 12_000_000  # a range of a file, or the manifest of a checkpoint
URL_BYTES_MAX = 8_192
HEADERS_BYTES_MAX = 16_384
FORWARDED_CHARACTERS_MAX = 1_024  # the client may have written most of it
JSON_DEPTH_MAX = 32
FIELDS_MAX = 1_000  # of one object
INT_MAX = 2**53  # the largest integer that a JSON number holds exactly

NAME_CHARACTERS_MAX = 256
NOTE_CHARACTERS_MAX = 64_000
PATH_CHARACTERS_MAX = 4_096
KEY_CHARACTERS_MAX = 255  # of an Idempotency-Key
STEPS_MAX = 1_000_000_000
VALUES_MAX = 200  # hyperparameters named in one request

PAGE_MAX = 5_000  # rows of one response
LOG_BYTES_MAX = 256_000  # of a run's output in one response
EVENTS_DEFAULT = 500
RUNS_DEFAULT = 50
POINTS_DEFAULT = 2_000  # of one series in one response
POINTS_MAX = 2_000_000
SERIES_MAX = 1_000  # names in one run
WAIT_S_MAX = 60.0  # for the answer to a command
PENDING_COMMANDS_MAX = 64  # of one run
STREAMS_MAX = 512  # fewer where the process may have few open files
WAITS_MAX = 512  # responses that are held back by `wait_s`
# Of each of the two; the rest is the owner's.
VIEWERS_SHARE_MAX = 448
ONE_VIEWERS_SHARE_MAX = 256
VIEWER_REQUESTS_MAX = 16  # in work at once, of all viewers; others wait for their turn

TOKEN_CHARACTERS_MIN = 22  # 128 random bits in base64; for servers reachable from other machines
TOKEN_CHARACTERS_MAX = 1_000
SESSIONS_MAX = 1_000  # of one role
WRONG_TOKENS_A_SECOND_MAX = 10  # of all clients; more are answered with 429

TRIALS_MAX = 1_000  # of one search, with repetitions
PARALLEL_MAX = 64  # trials of one search at once
ROUNDS_MAX = 20
WIDEN_MAX = 100.0
SEEDS_MAX = 20  # of one request to repeat a trial
SEARCHES_DEFAULT = 50
TRIAL_POINTS_DEFAULT = 200  # of each trial's curve
TRIAL_POINTS_MAX = 2_000

# Limits that a client has to know before a request; published as x-limits in OpenAPI.
PUBLISHED = {
    "INT_MAX": INT_MAX,
    "NAME_CHARACTERS_MAX": NAME_CHARACTERS_MAX,
    "NOTE_CHARACTERS_MAX": NOTE_CHARACTERS_MAX,
    "STEPS_MAX": STEPS_MAX,
    "TRIALS_MAX": TRIALS_MAX,
    "PARALLEL_MAX": PARALLEL_MAX,
    "ROUNDS_MAX": ROUNDS_MAX,
    "SEEDS_MAX": SEEDS_MAX,
    "WIDEN_MAX": WIDEN_MAX,
}
