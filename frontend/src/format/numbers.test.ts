/** Numbers read well and say no more than they know. */
import { expect, test } from "vitest";
import { ago, bytes, duration, measured, momentum, rounded, setting, whole } from "./numbers";

test.each([
  [0.41234, "0.412"],
  [12.345, "12.3"],
  [1234.5, "1,235"],
  [0.000012, "1.2e-5"],
  [-0.5, "−0.500"],
  [0, "0"],
  [NaN, "NaN"],
  [Infinity, "∞"],
  [null, "–"],
])("measured %s reads %s", (value, text) => {
  expect(measured(value)).toBe(text);
});

test.each([
  [0.01, "0.01"],
  [0.0003, "3e-4"],
  [1e-8, "1e-8"],
  [0.1 * 3, "0.3"],
  [32, "32"],
  [1000, "1,000"],
  [0, "0"],
])("the setting %s reads %s", (value, text) => {
  expect(setting(value)).toBe(text);
});

test("momentum has the digits that tell it apart", () => {
  expect([0, 0.9, 0.95, 0.999, 0.9995].map(momentum)).toEqual(["0", "0.9", "0.95", "0.999", "0.9995"]);
});

test("counts, sizes and times are short", () => {
  expect(whole(1204)).toBe("1,204");
  expect(rounded(333.3)).toBe("330");
  expect(rounded(10)).toBe("10");
  expect(bytes(41234)).toBe("41.2 kB");
  expect(duration(250)).toBe("4 min 10 s");
  expect(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:05:00Z"))).toBe("5 min ago");
});
