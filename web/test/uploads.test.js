import assert from "node:assert/strict";
import { test } from "node:test";
import { problem, xml } from "./fake.js";
import { client, file, signedIn, until } from "./helpers.js";

test("a small file is sent in one request with its checksum", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const upload = await cloakroom.uploads.create(file(100));
  const stored = await upload.done;
  assert.equal(stored.status, "stored");
  assert.match(stored.sha256 ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(fake.calls.slice(-3), ["POST /uploads", "PUT store", `POST /uploads/${upload.id}/complete`]);
  assert.deepEqual(fake.files.get(stored.id)?.bytes, Buffer.from(await file(100).arrayBuffer()));
  assert.deepEqual([upload.state, upload.progress.loaded], ["stored", 100]);
});

test("a large file is sent in parts and stored unchanged", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const big = file(10_500);
  /** @type {number[]} */
  const reported = [];
  const upload = await cloakroom.uploads.create(big, { onProgress: ({ loaded }) => reported.push(loaded) });
  const stored = await upload.done;
  assert.deepEqual(fake.files.get(stored.id)?.bytes, Buffer.from(await big.arrayBuffer()));
  assert.equal(fake.calls.filter((call) => call.startsWith("PUT store/")).length, 11);
  assert.equal(fake.count(`POST /uploads/${stored.id}/parts`), 1);
  assert.equal(reported.at(-1), 10_500);
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
});

test("the last progress is reported even when it follows the previous one closely", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = ({ path }) => (/\/[12]$/.test(path) ? undefined : new Promise(() => {}));
  const upload = await cloakroom.uploads.create(file(5_000));
  /** @type {number[]} */
  const reported = [];
  upload.addEventListener("progress", () => reported.push(upload.progress.loaded));
  await until(upload, "progress", () => reported.at(-1) === 2048);
  await upload.abort();
  await assert.rejects(upload.done, { name: "AbortError" });
});

test("the number of concurrent parts is exactly the requested number", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {(() => void)[]} */
  const held = [];
  let now = 0;
  let most = 0;
  fake.store = async () => {
    most = Math.max(most, ++now);
    // Requests are held until three are running; with fewer, the test would hang.
    if (held.length < 3) await new Promise((/** @type {(value?: undefined) => void} */ go) => {
      if (held.push(go) === 3) held.forEach((each) => each());
    });
    now--;
  };
  await (await cloakroom.uploads.create(file(20_000), { parallel: 3 })).done;
  assert.equal(most, 3);
});

test("failed parts are sent again and rejected URLs are signed again", async (t) => {
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

test("a part that is always rejected fails the upload, which can be resumed", async (t) => {
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

test("a paused upload resumes with the missing parts", async (t) => {
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

test("pausing and resuming immediately does not break the upload", async (t) => {
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

test("a pause during creation does not create a second upload", async (t) => {
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

test("a cancelled upload is deleted in the browser and on the server", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const upload = await cloakroom.uploads.create(file(8_000), { parallel: 1 });
  await until(upload, "progress", () => upload.state === "uploading");
  await upload.abort();
  await assert.rejects(upload.done, { name: "AbortError" });
  assert.equal(upload.state, "aborted");
  assert.equal(fake.files.get(upload.id ?? "")?.record.status, "deleted");
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
});

test("a paused upload can be cancelled, also by a signal", async (t) => {
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

test("the next page resumes where the previous one stopped", async (t) => {
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

test("a different file does not resume the upload", async (t) => {
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

test("an upload that the server deleted is not resumable", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.store = () => xml(400, "EntityTooLarge");
  const upload = await cloakroom.uploads.create(file(8_000));
  await assert.rejects(upload.done);
  fake.files.clear();
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
  assert.equal(storage.length, 1, "only the session is stored");
});

test("another user's unfinished uploads are not resumable", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = () => xml(400, "EntityTooLarge");
  await assert.rejects((await cloakroom.uploads.create(file(8_000))).done);
  await cloakroom.signOut();
  const bob = { email: "bob@example.com", password: "difference engine", name: "Bob" };
  await cloakroom.signUp(bob);
  await cloakroom.signIn(bob.email, bob.password);
  assert.deepEqual(await cloakroom.uploads.resumable(), []);
});

test("an expired single PUT starts a new upload", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.urlSeconds = -1;
  fake.store = () => void (fake.urlSeconds = 900);
  const upload = await cloakroom.uploads.create(file(100));
  const stored = await upload.done;
  assert.deepEqual([...fake.files.values()].map(({ record }) => record.status), ["deleted", "stored"]);
  assert.equal(stored.id, upload.id);
});

test("an upload succeeds when the response to its bytes was lost", async (t) => {
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

test("a lost response to the completion does not fail the upload", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  let completions = 0;
  fake.api = ({ path }) => {
    if (!path.endsWith("/complete")) return;
    if (++completions > 1) return problem(409, "upload_incomplete", "The upload is already complete.");
    const entry = fake.files.get(path.split("/")[2]);
    if (entry) entry.record.status = "stored";
    return problem(503, "unavailable", "Try again later.");
  };
  assert.equal((await (await cloakroom.uploads.create(file(100))).done).status, "stored");
});

test("parts that are missing at completion are sent again once", async (t) => {
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

test("an upload continues after its access token expires", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = () => fake.access.clear();
  assert.equal((await (await cloakroom.uploads.create(file(5_000))).done).status, "stored");
  assert.equal(fake.count("POST /session/refresh"), 1);
});

test("a rejection has the server's message", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => problem(422, "quota_exceeded", "The quota is exceeded.");
  const upload = await cloakroom.uploads.create(file(100));
  await assert.rejects(upload.done, { status: 422, message: "The quota is exceeded." });
  assert.equal(upload.state, "failed");
});

test("a deletion whose response was lost succeeds", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const { id } = await (await cloakroom.uploads.create(file(100))).done;
  fake.api = () => {
    fake.files.delete(id);
    fake.api = () => {};
    return problem(503, "unavailable", "Try again later.");
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

test("a lock without a password is retried, one with a password is not", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const { id } = await (await cloakroom.uploads.create(file(100))).done;
  const until = new Date(Date.now() + 3_600_000);
  /** @type {any[]} */
  const sent = [];
  fake.api = ({ path, json }) => {
    if (path.endsWith("/lock") && sent.push(json) % 2 === 1) return problem(503, "unavailable", "Try again later.");
  };
  await cloakroom.uploads.lock(id, until);
  assert.deepEqual(sent, [{ until: until.toISOString() }, { until: until.toISOString() }]);
  await assert.rejects(cloakroom.uploads.lock(id, until, { password: "analytical engine" }), { code: "unavailable" });
  assert.deepEqual(sent.slice(2), [{ until: until.toISOString(), password: "analytical engine" }]);
});

/** @param {string} type */
const small = (type) => new Blob(["a small image"], { type });

for (const [what, size] of /** @type {const} */ ([["in one request", 100], ["in parts", 5_000]])) {
  test(`a thumbnail is sent with a file that is sent ${what}`, async (t) => {
    const { fake, cloakroom } = await signedIn(t);
    const stored = await (await cloakroom.uploads.create(file(size), { thumbnail: small("image/webp") })).done;
    assert.equal(stored.status, "stored");
    assert.deepEqual(fake.thumbnails.get(stored.id), { type: "image/webp", bytes: Buffer.from("a small image") });
    assert.deepEqual(fake.files.get(stored.id)?.bytes, Buffer.from(await file(size).arrayBuffer()));
  });
}

test("a file is stored although its thumbnail is refused", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.store = ({ path }) => (path.startsWith("/thumbnail-") ? xml(403, "AccessDenied") : undefined);
  const stored = await (await cloakroom.uploads.create(file(100), { thumbnail: small("image/png") })).done;
  assert.equal(stored.status, "stored");
  assert.equal(fake.thumbnails.size, 0);
});

test("a thumbnail whose sending was paused is sent again", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  let attempts = 0;
  fake.store = ({ path }) => (path.startsWith("/thumbnail-") && ++attempts === 1 ? new Promise(() => {}) : undefined);
  const upload = await cloakroom.uploads.create(file(100), { thumbnail: small("image/webp") });
  while (attempts === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  upload.pause();
  upload.resume();
  const stored = await upload.done;
  assert.equal(fake.thumbnails.get(stored.id)?.type, "image/webp");
  assert.equal(fake.count("POST /uploads"), 1);
});

test("only images get a thumbnail", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  /** @type {unknown[]} */
  const announced = [];
  fake.api = ({ method, path, json }) => void (method === "POST" && path === "/uploads" && announced.push(json.thumbnail));
  // Node has no canvas, so an image gets none either.
  for (const options of [{}, { thumbnail: null }, { contentType: "image/png" }]) await (await cloakroom.uploads.create(file(100), options)).done;
  assert.deepEqual(announced, [undefined, undefined, undefined]);
});
