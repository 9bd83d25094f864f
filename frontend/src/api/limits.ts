/** Limits of the server's API. Generated from openapi.json by `npm run api-types`. */
export const INT_MAX = 9007199254740992;
export const NAME_CHARACTERS_MAX = 256;
export const NOTE_CHARACTERS_MAX = 64000;
export const STEPS_MAX = 1000000000;
export const TRIALS_MAX = 1000;
export const PARALLEL_MAX = 64;
export const ROUNDS_MAX = 20;
export const SEEDS_MAX = 20;
export const WIDEN_MAX = 100;
