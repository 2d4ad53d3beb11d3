import assert from "node:assert/strict";
import { test } from "node:test";
import { format, formatPrice, fromInput, toInput } from "../demo/shop/money.js";

test("amounts have the decimal digits of ISO 4217", () => {
  /** @type {[number, string, string][]} */
  const amounts = [
    [499, "EUR", "€4.99"],
    [50, "USD", "$0.50"],
    [499, "JPY", "¥499"],
    [4990, "KWD", "KWD\u00a04.990"],
    [123_456, "HUF", "HUF\u00a01,234.56"], // `Intl` alone shows 123,456
    [99_999_999, "EUR", "€999,999.99"],
  ];
  for (const [amount, currency, text] of amounts) assert.equal(format({ amount, currency }), text);
  assert.equal(formatPrice({ amount: 0, currency: "EUR" }), "Free");
});

test("a typed amount is parsed without rounding", () => {
  /** @type {[string, string, number | null][]} */
  const inputs = [
    ["4.99", "EUR", 499],
    [" 4,9 ", "EUR", 490],
    ["0.29", "EUR", 29], // 28.999… as a number
    ["5", "EUR", 500],
    ["500", "JPY", 500],
    ["1.25", "KWD", 1250],
    ["0", "EUR", 0],
    ["5.0", "JPY", null],
    ["4.999", "EUR", null],
    ["-1", "EUR", null],
    ["1e3", "EUR", null],
    ["1,000.00", "EUR", null],
    ["free", "EUR", null],
    ["", "EUR", null],
  ];
  for (const [text, currency, amount] of inputs) assert.equal(fromInput(text, currency), amount, `${text} ${currency}`);
});

test("an amount is typed as it is parsed", () => {
  for (const [amount, currency, text] of /** @type {const} */ ([[5, "EUR", "0.05"], [499, "JPY", "499"], [0, "EUR", "0.00"], [1250, "KWD", "1.250"]])) {
    assert.equal(toInput({ amount, currency }), text);
    assert.equal(fromInput(text, currency), amount);
  }
});
