/** The result of a replay in words. */
import { expect, test } from "vitest";
import { replayText } from "./replay";

test("a replay says that it is equal, where it differs first, or where somebody changed it", () => {
  const difference = { first_step: 412, quantity: "train/cost", recorded: 0.5, found: 0.25 };

  expect(replayText({ step: 900, equal: true })).toBe("Equal to the last bit");
  expect(replayText({ step: 900, equal: false, ...difference })).toBe(
    "Differs first at step 412: train/cost was 0.5, is 0.25",
  );
  expect(replayText({ step: 1200, equal: true, branched: true })).toBe(
    "Branched by hand at step 1,200, equal to the last bit up to there",
  );
});

test("of hashes it says only that they differ", () => {
  const [recorded, found] = ["a".repeat(64), "b".repeat(64)];

  expect(
    replayText({ step: 9, equal: false, first_step: 0, quantity: "weights_sha256", recorded, found }),
  ).toBe("Differs first at step 0: weights_sha256");
});
