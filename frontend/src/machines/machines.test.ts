/** How a machine is put into words. */
import { describe, expect, test } from "vitest";
import type { Machine } from "../api/types";
import { chipOf, contactText, freeText, gpuText, launcherText, versionText } from "./machines";

const aMachine = (fields: Partial<Machine> = {}): Machine => ({
  name: "box-a",
  launcher: "command",
  status: "up",
  cpus: 4,
  cpus_free: 3,
  gpus: 0,
  gpus_free: 0,
  gpu_names: [],
  memory_bytes: 0,
  runs: [],
  babysit_version: "0.1.0",
  python: "3.11.9",
  contact_s: 0.4,
  ...fields,
});

describe("a machine", () => {
  test("says what of it is free, and that there is none of what it lacks", () => {
    expect(freeText(3, 4)).toBe("3 of 4 free");
    expect(freeText(0, 0)).toBe("none");
  });

  test("is heard of now while its worker sends heartbeats, and was heard of before", () => {
    expect(contactText(aMachine({ contact_s: 2 }))).toBe("now");
    expect(contactText(aMachine({ contact_s: 40 }))).toBe("40 s ago");
    expect(contactText(aMachine({ contact_s: 125 }))).toBe("2 min 5 s ago");
    expect(contactText(aMachine({ contact_s: null }))).toBe("not since the server started");
    expect(contactText(aMachine({ launcher: "local", contact_s: null }))).toBe("–");
  });

  test("tells its status by a word and a mark, not by colour alone", () => {
    const chips = (["up", "down", "unknown"] as const).map((status) => chipOf(aMachine({ status })));

    expect(chips.map((chip) => chip.word)).toEqual(["Up", "Down", "Unknown"]);
    expect(new Set(chips.map((chip) => chip.icon)).size).toBe(3);
  });

  test("names equal GPUs once", () => {
    const names = ["NVIDIA H200", "NVIDIA H200", "NVIDIA T4"];

    expect(gpuText(aMachine({ gpu_names: names }))).toBe("2 × NVIDIA H200, NVIDIA T4");
    expect(gpuText(aMachine())).toBe("");
  });

  test("says what started workers there, also if the page does not know it", () => {
    expect(launcherText(aMachine())).toBe("by the command");
    expect(launcherText(aMachine({ launcher: "ray" }))).toBe("ray");
  });

  test("leaves out a memory that is not known", () => {
    expect(versionText(aMachine())).toBe("Python 3.11.9, Babysit 0.1.0");
    expect(versionText(aMachine({ memory_bytes: 16_800_000_000 }))).toBe(
      "16.8 GB of memory, Python 3.11.9, Babysit 0.1.0",
    );
  });
});
