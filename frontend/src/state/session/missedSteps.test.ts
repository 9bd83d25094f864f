/** What is said when the connection came back. */
import { expect, test } from "vitest";
import { MissedSteps } from "./missedSteps";

test("steps that were made meanwhile are told once they are loaded", () => {
  const missed = new MissedSteps();
  missed.lost(100);
  expect(missed.loaded(100)).toBeNull();

  missed.found(781);

  expect(missed.loaded(500)).toBeNull();
  expect(missed.loaded(790)).toBe("Reconnected. 681 missed steps loaded.");
  expect(missed.loaded(800)).toBeNull();
});

test("a second loss before all was loaded counts from the first", () => {
  const missed = new MissedSteps();
  missed.lost(100);
  missed.found(200);
  missed.lost(150);
  missed.found(300);

  expect(missed.loaded(300)).toBe("Reconnected. 200 missed steps loaded.");
});

test("a run that stood still missed nothing", () => {
  const missed = new MissedSteps();
  missed.lost(100);
  missed.found(100);

  expect(missed.loaded(100)).toBe("Reconnected.");
});

test("nothing is told of a connection that was never lost, or too shortly", () => {
  const missed = new MissedSteps();
  missed.found(100);
  expect(missed.loaded(100)).toBeNull();

  missed.lost(100);
  missed.forget();
  missed.found(200);
  expect(missed.loaded(200)).toBeNull();
});
