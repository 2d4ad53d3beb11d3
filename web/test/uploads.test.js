import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal, xml } from "./fake.js";
import { client, file, signedIn, until } from "./helpers.js";

test("a small file goes in one piece, with its checksum", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const upload = await cloakroom.uploads.create(file(100));
  const stored = await upload.done;
  assert.equal(stored.status, "stored");
  assert.match(stored.sha256 ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(fake.calls.slice(-3), ["POST /uploads", "PUT store", `POST /uploads/${upload.id}/complete`]);
  assert.deepEqual(fake.files.get(stored.id)?.bytes, Buffer.from(await file(100).arrayBuffer()));
  assert.deepEqual([upload.state, upload.progress.loaded], ["stored", 100]);
});

test("a large file goes in parts and arrives as it was", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const big = file(10_500);
  /** @type {number[]} */
  const told = [];
  const upload = await cloakroom.uploads.create(big, { onProgress: ({ loaded }) => told.push(loaded) });
  const stored = await upload.done;
  assert.deepEqual(fake.files.get(stored.id)?.bytes, Buffer.from(await big.arrayBuffer()));
  assert.equal(fake.calls.filter((call) => call.startsWith("PUT store/")).length, 11);
  assert.equal(fake.count(`POST /uploads/${stored.id}/parts`), 1);
  assert.equal(told.at(-1), 10_500);
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
});

test("progress is told to the last byte that moves, however soon after the one before", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = ({ path }) => (/\/[12]$/.test(path) ? undefined : new Promise(() => {}));
  const upload = await cloakroom.uploads.create(file(5_000));
  /** @type {number[]} */
  const told = [];
  upload.addEventListener("progress", () => told.push(upload.progress.loaded));
  await until(upload, "progress", () => told.at(-1) === 2048);
  await upload.abort();
  await assert.rejects(upload.done, { name: "AbortError" });
});

test("as many parts are on their way at once as asked for, and no more", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {(() => void)[]} */
  const held = [];
  let now = 0;
  let most = 0;
  fake.store = async () => {
    most = Math.max(most, ++now);
    // Nobody is let go before three are here; with fewer at once, this would wait for ever.
    if (held.length < 3) await new Promise((/** @type {(value?: undefined) => void} */ go) => {
      if (held.push(go) === 3) held.forEach((each) => each());
    });
    now--;
  };
  await (await cloakroom.uploads.create(file(20_000), { parallel: 3 })).done;
  assert.equal(most, 3);
});

test("parts that fail are sent again, and refused URLs are signed again", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {Map<string, number>} */
  const tries = new Map();
  fake.store = ({ path }) => {
    const count = (tries.get(path) ?? 0) + 1;
    tries.set(path, count);
    if (path.endsWith("/2") && count < 3) return xml(503, "SlowDown");
    if (path.endsWith("/3") && count < 2) return xml(403, "AccessDenied");
    if (path.endsWith("/4") && count < 2) return xml(400, "RequestTimeout");
  };
  const upload = await cloakroom.uploads.create(file(5_000));
  assert.equal((await upload.done).status, "stored");
  assert.deepEqual([...tries.values()].sort(), [1, 1, 2, 2, 3]);
});

test("a part that stays refused ends the upload, and it can be resumed", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = ({ path }) => (path.endsWith("/3") ? xml(403, "AccessDenied") : undefined);
  const upload = await cloakroom.uploads.create(file(5_000));
  await assert.rejects(upload.done, { name: "StorageError", status: 403, reason: "AccessDenied" });
  assert.equal(upload.state, "failed");
  fake.store = () => {};
  const again = await cloakroom.uploads.create(file(5_000));
  await again.done;
  assert.equal(again.id, upload.id);
});

test("a paused upload stands still and then goes on with what is missing", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const upload = await cloakroom.uploads.create(file(8_000), { parallel: 1 });
  fake.store = ({ path }) => {
    if (path.endsWith("/4") && upload.state === "uploading") upload.pause();
  };
  await until(upload, "statechange", () => upload.state === "paused");
  fake.store = () => {};
  upload.resume();
  await upload.done;
  for (const number of [1, 2, 3]) assert.equal(fake.count(`PUT store/${number}`), 1, `part ${number}`);
});

test("pausing and resuming at once does no harm, however early", async (t) => {
  const { cloakroom } = await signedIn(t);
  for (const size of [100, 5_000]) {
    const upload = await cloakroom.uploads.create(file(size));
    upload.pause();
    upload.resume();
    upload.pause();
    upload.resume();
    assert.equal((await upload.done).status, "stored");
  }
});

test("a pause while the upload is being made makes no second one", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const upload = await cloakroom.uploads.create(file(100));
  fake.api = ({ method, path }) => {
    if (`${method} ${path}` !== "POST /uploads") return;
    fake.api = () => {};
    upload.pause();
    upload.resume();
  };
  await upload.done;
  assert.equal(fake.files.size, 1);
});

test("a cancelled upload is forgotten on both sides", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const upload = await cloakroom.uploads.create(file(8_000), { parallel: 1 });
  await until(upload, "progress", () => upload.state === "uploading");
  await upload.abort();
  await assert.rejects(upload.done, { name: "AbortError" });
  assert.equal(upload.state, "aborted");
  assert.equal(fake.files.get(upload.id ?? "")?.record.status, "deleted");
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
});

test("a paused upload can be cancelled, and a signal cancels, too", async (t) => {
  const { cloakroom } = await signedIn(t);
  const paused = await cloakroom.uploads.create(file(8_000));
  paused.pause();
  await paused.abort();
  await assert.rejects(paused.done, { name: "AbortError" });

  const controller = new AbortController();
  const signalled = await cloakroom.uploads.create(file(8_000), { signal: controller.signal });
  controller.abort();
  await assert.rejects(signalled.done, { name: "AbortError" });
  const late = await cloakroom.uploads.create(file(100), { signal: controller.signal });
  await assert.rejects(late.done, { name: "AbortError" });
});

test("the next page goes on where the last one was closed", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.store = ({ path }) => (Number(path.split("/")[2]) > 4 ? xml(400, "EntityTooLarge") : undefined);
  const upload = await cloakroom.uploads.create(file(8_000), { parallel: 1 });
  await assert.rejects(upload.done);

  fake.store = () => {};
  const page = client(fake, storage);
  await page.restore();
  const [unfinished] = await page.uploads.resumable();
  assert.deepEqual([unfinished.uploadId, unfinished.filename, unfinished.loaded], [upload.id, "data.bin", 4 * 1024]);
  const stored = await page.uploads.resume(unfinished, file(8_000)).done;
  assert.equal(stored.status, "stored");
  for (const number of [1, 2, 3, 4]) assert.equal(fake.count(`PUT store/${number}`), 1, `part ${number}`);
  assert.deepEqual(fake.files.get(stored.id)?.bytes, Buffer.from(await file(8_000).arrayBuffer()));
  assert.deepEqual(await page.uploads.resumable(), []);
});

test("another file is not taken for the one that was begun", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = () => xml(400, "EntityTooLarge");
  const first = await cloakroom.uploads.create(file(8_000));
  await assert.rejects(first.done);
  fake.store = () => {};
  const [unfinished] = await cloakroom.uploads.resumable();
  const changed = new File(["x".repeat(8_000)], "data.bin", { lastModified: 1_700_000_000_000 });
  await assert.rejects(cloakroom.uploads.resume(unfinished, changed).done, { code: "file_mismatch" });
  const other = await cloakroom.uploads.create(changed);
  await other.done;
  assert.notEqual(other.id, first.id);
  assert.equal((await cloakroom.uploads.resumable()).length, 1);
});

test("what the server has given up is not offered any more", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.store = () => xml(400, "EntityTooLarge");
  const upload = await cloakroom.uploads.create(file(8_000));
  await assert.rejects(upload.done);
  fake.files.clear();
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
  assert.equal(storage.length, 1, "the session alone is left");
});

test("somebody else's unfinished uploads are not offered", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = () => xml(400, "EntityTooLarge");
  await assert.rejects((await cloakroom.uploads.create(file(8_000))).done);
  await cloakroom.signOut();
  const bob = { email: "bob@example.com", password: "difference engine", name: "Bob" };
  await cloakroom.signUp(bob);
  await cloakroom.signIn(bob.email, bob.password);
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
});

test("a single URL that has expired is replaced by a new upload", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.urlSeconds = -1;
  fake.store = () => void (fake.urlSeconds = 900);
  const upload = await cloakroom.uploads.create(file(100));
  const stored = await upload.done;
  assert.deepEqual([...fake.files.values()].map(({ record }) => record.status), ["deleted", "stored"]);
  assert.equal(stored.id, upload.id);
});

test("bytes whose acknowledgement was lost are not sent in vain", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = ({ path, body }) => {
    fake.store = () => {};
    const stored = fake.files.get(path.slice(1));
    if (stored) stored.bytes = body;
    return xml(500, "InternalError");
  };
  assert.equal((await (await cloakroom.uploads.create(file(100))).done).status, "stored");
  assert.equal(fake.count("PUT store"), 2);
});

test("a lost answer to the completion is no failure", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  let completions = 0;
  fake.api = ({ path }) => {
    if (!path.endsWith("/complete")) return;
    if (++completions > 1) return refusal(409, "upload_incomplete", "It is complete already.");
    const entry = fake.files.get(path.split("/")[2]);
    if (entry) entry.record.status = "stored";
    return refusal(503, "unavailable", "Later.");
  };
  assert.equal((await (await cloakroom.uploads.create(file(100))).done).status, "stored");
});

test("parts that turn out to be missing at completion are sent once more", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = ({ path }) => {
    if (!path.endsWith("/complete")) return;
    fake.api = () => {};
    fake.files.get(path.split("/")[2])?.parts.delete(2);
  };
  assert.equal((await (await cloakroom.uploads.create(file(5_000))).done).status, "stored");
  assert.equal(fake.count("PUT store/2"), 2);
  assert.equal(fake.count("PUT store/1"), 1);
});

test("an upload outlives its access token", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = () => fake.access.clear();
  assert.equal((await (await cloakroom.uploads.create(file(5_000))).done).status, "stored");
  assert.equal(fake.count("POST /session/refresh"), 1);
});

test("what the server refuses to take is told as it says it", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => refusal(422, "quota_exceeded", "There is no room left.");
  const upload = await cloakroom.uploads.create(file(100));
  await assert.rejects(upload.done, { status: 422, message: "There is no room left." });
  assert.equal(upload.state, "failed");
});

test("a deletion whose answer was lost is done", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const { id } = await (await cloakroom.uploads.create(file(100))).done;
  fake.api = () => {
    fake.files.delete(id);
    fake.api = () => {};
    return refusal(503, "unavailable", "Later.");
  };
  await cloakroom.uploads.delete(id);
});

test("a stored file can be downloaded", async (t) => {
  const { cloakroom } = await signedIn(t);
  const { id } = await (await cloakroom.uploads.create(file(100))).done;
  const { download } = await cloakroom.uploads.get(id);
  const bytes = await (await fetch(download?.url ?? "")).arrayBuffer();
  assert.deepEqual(bytes, await file(100).arrayBuffer());
});

test("a deleted file can be restored from its versions", async (t) => {
  const { cloakroom } = await signedIn(t);
  const { id } = await (await cloakroom.uploads.create(file(100))).done;
  await cloakroom.uploads.delete(id);
  for await (const { versionId } of cloakroom.uploads.versions(id)) {
    assert.equal((await cloakroom.uploads.restore(id, versionId)).status, "stored");
  }
});

test("a lock without a password is tried again, one with a password is not", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const { id } = await (await cloakroom.uploads.create(file(100))).done;
  const until = new Date(Date.now() + 3_600_000);
  /** @type {any[]} */
  const sent = [];
  fake.api = ({ path, json }) => {
    if (path.endsWith("/lock") && sent.push(json) % 2 === 1) return refusal(503, "unavailable", "Later.");
  };
  await cloakroom.uploads.lock(id, until);
  assert.deepEqual(sent, [{ until: until.toISOString() }, { until: until.toISOString() }]);
  await assert.rejects(cloakroom.uploads.lock(id, until, { password: "analytical engine" }), { code: "unavailable" });
  assert.deepEqual(sent.slice(2), [{ until: until.toISOString(), password: "analytical engine" }]);
});
