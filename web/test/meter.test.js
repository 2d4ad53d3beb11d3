import assert from "node:assert/strict";
import { test } from "node:test";
import { Meter } from "../cloakroom/meter.js";

function metered(/** @type {number} */ total) {
  const clock = { now: 0 };
  return { clock, meter: new Meter(total, () => clock.now) };
}

test("speed and remaining time are unknown at the first byte", () => {
  const { meter } = metered(1000);
  assert.deepEqual(meter.measure(10), { loaded: 10, total: 1000, bytesPerSecond: 0, remainingSeconds: null });
});

test("speed and remaining time are computed over the last seconds", () => {
  const { meter, clock } = metered(10_000);
  for (const [now, loaded] of [[0, 0], [1000, 100], [2000, 200]]) (clock.now = now), meter.measure(loaded);
  clock.now = 3000;
  assert.deepEqual(meter.measure(300), { loaded: 300, total: 10_000, bytesPerSecond: 100, remainingSeconds: 97 });
  for (const now of [4000, 5000, 6000, 7000, 8000]) (clock.now = now), meter.measure(300 + (now - 3000));
  assert.equal(meter.measure(5300).bytesPerSecond, 1000);
});

test("the speed is not negative when a part is sent again", () => {
  const { meter, clock } = metered(1000);
  meter.measure(500);
  clock.now = 1000;
  assert.equal(meter.measure(300).bytesPerSecond, 0);
});

test("a pause does not lower the speed", () => {
  const { meter, clock } = metered(1000);
  meter.measure(0);
  clock.now = 60_000;
  meter.restart();
  meter.measure(100);
  clock.now = 61_000;
  assert.equal(meter.measure(200).bytesPerSecond, 100);
});
