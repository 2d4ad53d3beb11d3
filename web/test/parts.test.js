import assert from "node:assert/strict";
import { test } from "node:test";
import { Signer, completeParts, rangeOf } from "../cloakroom/parts.js";

const layout = { size: 25, partSize: 10, partCount: 3 };

/** @param {number} count */
const numbers = (count) => Array.from({ length: count }, (_, index) => index + 1);

/** Creates a signer that records its requests and returns URLs valid for `seconds`. */
function recorded(seconds = 900, /** @type {Iterable<number>} */ queue = numbers(250)) {
  /** @type {number[][]} */
  const asked = [];
  const clock = { now: 1_000_000 };
  const expiresAt = new Date(clock.now + seconds * 1000).toISOString();
  const signer = new Signer(async (batch) => {
    asked.push(batch);
    return batch.map((partNumber) => ({ partNumber, url: `u${asked.length}`, expiresAt }));
  }, queue, () => clock.now);
  return { signer, asked, clock };
}

test("the parts cover the file without gaps or overlaps", () => {
  assert.deepEqual(numbers(3).map((number) => rangeOf(layout, number)), [
    { start: 0, end: 10 },
    { start: 10, end: 20 },
    { start: 20, end: 25 },
  ]);
});

test("a part with a wrong size or beyond the end is not complete", () => {
  const tags = completeParts(layout, [
    { partNumber: 1, size: 10, etag: "a" },
    { partNumber: 2, size: 9, etag: "b" },
    { partNumber: 3, size: 5, etag: "c" },
    { partNumber: 4, size: 10, etag: "d" },
  ]);
  assert.deepEqual([...tags], [[1, "a"], [3, "c"]]);
});

test("parts are signed in batches of 100", async () => {
  const { signer, asked } = recorded();
  for (const number of numbers(250)) await signer.get(number);
  assert.deepEqual(asked.map((batch) => batch.length), [100, 100, 50]);
  assert.deepEqual(asked.flat(), numbers(250));
});

test("concurrent requests for URLs share one call", async () => {
  const { signer, asked } = recorded();
  await Promise.all([1, 2, 3, 4].map((number) => signer.get(number)));
  assert.equal(asked.length, 1);
});

test("a discarded URL is signed again", async () => {
  const { signer, asked } = recorded(900, [1, 2]);
  assert.equal((await signer.get(1)).url, "u1");
  signer.discard(1);
  assert.equal((await signer.get(1)).url, "u2");
  assert.deepEqual(asked, [[1, 2], [1]]);
});

test("expired URLs are signed again in one call", async () => {
  const { signer, asked, clock } = recorded(900, [1, 2, 3]);
  await signer.get(1);
  signer.discard(1);
  clock.now += 880_000;
  await Promise.all([signer.get(2), signer.get(3)]);
  assert.deepEqual(asked, [[1, 2, 3], [2, 3]]);
});

test("a wrong local clock does not cause endless signing", async () => {
  const { signer, asked } = recorded(-3600, [1, 2]);
  await Promise.all([signer.get(1), signer.get(2)]);
  assert.equal(asked.length, 1);
});

test("a response without the part is an error", async () => {
  const signer = new Signer(async () => [], [1]);
  await assert.rejects(signer.get(1), { code: "bad_answer" });
});
