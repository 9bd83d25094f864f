/** A promoted run is suggested to be as long as its script can make it. */
import { expect, test } from "vitest";
import { suggestion } from "./promotion";

test("a loop that can be made longer is suggested to be four times as long", () => {
  expect(suggestion(200, null)).toMatchObject({ from: "checkpoint", steps: 800 });
});

test("a loop that ends with its data is suggested up to there", () => {
  expect(suggestion(20, 32)).toMatchObject({ from: "checkpoint", steps: 32 });
  expect(suggestion(5, 32)).toMatchObject({ from: "checkpoint", steps: 20 });
  expect(suggestion(32, 32)).toMatchObject({ from: "scratch", steps: 32 });
  expect(suggestion(32, 32).help).toContain("ends with its data, at step 32");
});
