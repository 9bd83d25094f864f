/** What a run can be continued or extended by. */
import { expect, test } from "vitest";
import { extendOptions } from "./extendOptions";

test("a run that was stopped early is first offered its planned end", () => {
  expect(extendOptions({ step: 1204, steps: 1500 }, true)).toEqual([
    { upTo: 1500, words: "To step 1,500, as planned" },
    { upTo: 1954, words: "By 750 steps" },
    { upTo: 2204, words: "By 1,000 steps" },
    { upTo: 2704, words: "By 1,500 steps" },
  ]);
});

test("no end is offered twice", () => {
  const ends = extendOptions({ step: 500, steps: 1000 }, true).map(({ upTo }) => upTo);

  expect(ends).toEqual([1000, 1500]);
});

test("a run that reached its end, or still goes on, is offered more steps only", () => {
  expect(extendOptions({ step: 1500, steps: 1500 }, true).map(({ upTo }) => upTo)).toEqual([
    2250, 2500, 3000,
  ]);
  expect(extendOptions({ step: 400, steps: 1500 }, false).map(({ upTo }) => upTo)).toEqual([
    2250, 2500, 3000,
  ]);
});
