/** What may be typed into a number field, and what is said when it may not. */
import { describe, expect, test } from "vitest";
import { parseLearningRate, parseMomentum, parseWhole } from "./parseNumber";

describe("a learning rate", () => {
  test.each([
    ["3e-4", 0.0003],
    ["0.0003", 0.0003],
    [".5", 0.5],
    [" 1E-2 ", 0.01],
    ["x2", 0.02],
    ["×2", 0.02],
    ["*3", 0.03],
    ["/10", 0.001],
    ["÷ 4", 0.0025],
    ["x½", 0.005],
    ["x0.1", 0.001],
  ])("typed as %s is understood", (text, value) => {
    expect(parseLearningRate(text, 0.01)).toEqual({ value, problem: null });
  });

  test.each(["", "fast", "1e", "2x", "0.1.2", "NaN", "Infinity", "x"])(
    "typed as %j is asked for again",
    (text) => {
      expect(parseLearningRate(text, 0.01).problem).toBe("Enter a number such as 0.01, 3e-4, x2 or /10.");
    },
  );

  test("must be above 0", () => {
    const sentence = "The learning rate must be above 0. To stop learning, pause the run.";
    expect(parseLearningRate("0", 0.01).problem).toBe(sentence);
    expect(parseLearningRate("-1", 0.01).problem).toBe(sentence);
  });

  test("above 10 is refused with a suggestion", () => {
    expect(parseLearningRate("12", 0.01).problem).toBe("12 is above the limit of 10. Did you mean 0.012?");
  });

  test("shows no binary noise after a factor", () => {
    expect(parseLearningRate("x3", 0.1).value).toBe(0.3);
  });
});

describe("a momentum", () => {
  test("must stay below 1", () => {
    expect(parseMomentum("1", 0.9).problem).toBe(
      "Momentum must be below 1. At 1 old gradients would never fade.",
    );
    expect(parseMomentum("0.99", 0.9).value).toBe(0.99);
    expect(parseMomentum("0", 0.9).value).toBe(0);
  });
});

describe("a comma", () => {
  test.each([
    ["0,01", "0.01"],
    ["0,001", "0.001"],
    [",5", "0.5"],
    ["x1,5", "x1.5"],
  ])("for a point, as in %s, is answered with how to write it", (text, better) => {
    const sentence = `Write ${better} with a point: a comma separates thousands.`;
    expect(parseLearningRate(text, 0.01)).toEqual({ value: null, problem: sentence });
  });

  test("between thousands is understood", () => {
    expect(parseWhole("1,500", 1, 10_000, 100).value).toBe(1500);
    expect(parseWhole("1,500,000", 1, 10_000_000, 100).value).toBe(1_500_000);
  });
});

describe("a whole number", () => {
  test.each([
    ["-5", "-5 is below the limit of 1."],
    ["2000000", "2,000,000 is above the limit of 1,000,000."],
    ["abc", "Enter a whole number such as 1,500."],
    ["", "Enter a whole number such as 1,500."],
    ["1.5", "Enter a whole number such as 1,500."],
    ["x2", "Enter a whole number such as 1,500."],
  ])("typed as %j is refused in words that fit", (text, sentence) => {
    expect(parseWhole(text, 1, 1_000_000, 1500)).toEqual({ value: null, problem: sentence });
  });
});
