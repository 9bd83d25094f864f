import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../api/types";
import { nextLookMs, storageWords } from "./checkpointStorage";

type State = NonNullable<Checkpoint["storage"]>["state"];

const copy = (state: State, local = true) => ({ state, message: null, local });
const having = (...states: (State | null)[]) =>
  states.map((state) => ({ storage: state && copy(state) }) as Checkpoint);

describe("the copy of a checkpoint in object storage", () => {
  it("is said in words, with the reason when it fails", () => {
    expect(storageWords(copy("stored"))).toBe("copied to object storage");
    expect(storageWords(copy("stored", false))).toMatch(/^only in object storage/);
    expect(storageWords(copy("waiting"))).toMatch(/^waits/);
    expect(storageWords(copy("uploading"))).toMatch(/^is being copied/);
    expect(storageWords({ ...copy("failed"), message: "it answers 503" })).toBe(
      "not copied to object storage: it answers 503",
    );
  });

  it("is looked at again until all copies are made, less often when they fail", () => {
    expect(nextLookMs(having("stored", null))).toBeNull();
    expect(nextLookMs(having("stored", "waiting"))).toBe(5000);
    expect(nextLookMs(having("failed", "uploading"))).toBe(5000);
    expect(nextLookMs(having("failed", "stored"))).toBe(30_000);
  });
});
