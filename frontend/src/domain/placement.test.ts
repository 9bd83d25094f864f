/** What the page says of where a run is. */
import { describe, expect, test } from "vitest";
import { isPlacementMoving, placementText } from "./placement";

const waits_for = {
  what: "slot" as const,
  message: "Waits for a free slot: 2 of 2 are in use.",
  in_use: 2,
  of: 2,
};
const contact = (silent_s: number) => ({ contact: { silent_s, is_silent: silent_s >= 15 } });

describe("a run that waits", () => {
  test("says what for, until it has begun", () => {
    expect(placementText({ status: "queued", machine: null }, { waits_for })).toBe(waits_for.message);
    expect(placementText({ status: "running", machine: "box-a" }, { waits_for })).toBeNull();
  });

  test("is asked for again, as other runs end without a word of this one", () => {
    expect(isPlacementMoving("queued", { waits_for: null })).toBe(true);
    expect(isPlacementMoving("running", { contact: null })).toBe(false);
  });
});

describe("a run on another machine", () => {
  test("says for how long there is no contact, and with which machine", () => {
    const run = { status: "running" as const, machine: "box-a" };

    expect(placementText(run, contact(14.9))).toBeNull();
    expect(placementText(run, contact(40.3))).toBe(
      "No contact with box-a for 40 s. It trains on if it can, and sends later what it recorded.",
    );
    expect(isPlacementMoving("running", contact(1))).toBe(true);
  });

  test("says nothing when it is over", () => {
    expect(placementText({ status: "lost", machine: "box-a" }, contact(130))).toBeNull();
    expect(isPlacementMoving("lost", contact(130))).toBe(false);
  });
});
