import assert from "node:assert/strict";
import { test } from "node:test";
import { useUpload, useUploads } from "cloakroom/react";
import { problem } from "../fake.js";
import { gate } from "../gate.js";
import { act, file, render, signedIn, started } from "./render.js";

/** Uploads with the list beside it. */
const useBoth = () => ({ upload: useUpload(), list: useUploads() });

test("an upload reports its progress and appears in the list", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useBoth);
  await hook.until(({ list }) => !list.isLoading);
  assert.equal(hook.current.upload.state, "idle");
  const { held, release } = gate();
  fake.api = ({ path }) => (path.endsWith("/complete") ? held : undefined);
  /** @type {Promise<unknown> | undefined} */
  let done;
  await act(async () => void (done = hook.current.upload.start(file(5000, "notes.txt"))));
  await hook.until(({ upload }) => upload.state === "finishing" && upload.progress?.loaded === 5000);
  release();
  const stored = await act(async () => await done);
  const { state, progress, filename, upload, error } = hook.current.upload;
  assert.deepEqual([state, progress?.loaded, filename, error], ["stored", 5000, "notes.txt", null]);
  assert.equal(upload, stored);
  assert.deepEqual(hook.current.list.uploads.map(({ filename }) => filename), ["notes.txt"]);
  assert.equal(fake.count("GET /uploads"), 1);
  await act(async () => hook.current.upload.reset());
  assert.equal(hook.current.upload.state, "idle");
});

test("an upload that fails has an error, and the next one does not", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useUpload);
  fake.api = ({ path }) => (path === "/uploads" ? problem(409, "quota_exceeded", "The quota is used up.") : undefined);
  assert.equal(await act(() => hook.current.start(file(10))), null);
  assert.deepEqual([hook.current.state, /** @type {any} */ (hook.current.error).code], ["failed", "quota_exceeded"]);
  fake.api = () => {};
  await act(() => hook.current.start(file(10)));
  assert.deepEqual([hook.current.state, hook.current.error], ["stored", null]);
});

test("an upload pauses and resumes", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useUpload);
  const { held, release } = gate();
  fake.store = () => held;
  /** @type {Promise<unknown> | undefined} */
  let done;
  await act(async () => void (done = hook.current.start(file(5000))));
  await hook.until(({ state }) => state === "uploading");
  await act(async () => hook.current.pause());
  assert.equal(hook.current.state, "paused");
  release();
  await act(async () => hook.current.resume());
  await act(async () => void (await done));
  assert.equal(hook.current.state, "stored");
});

test("a cancelled upload is deleted and is not an error", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useBoth);
  const { held, release } = gate();
  fake.store = () => held;
  /** @type {Promise<unknown> | undefined} */
  let done;
  await act(async () => void (done = hook.current.upload.start(file(5000))));
  await hook.until(({ upload }) => upload.state === "uploading");
  await act(() => hook.current.upload.cancel());
  release();
  await act(async () => assert.equal(await done, null));
  assert.deepEqual([hook.current.upload.state, hook.current.upload.error], ["aborted", null]);
  assert.deepEqual([...fake.files.values()].map(({ record }) => record.status), ["deleted"]);
  assert.deepEqual(hook.current.list.uploads, []);
});

test("an upload that is cancelled before it begins is not stored", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useUpload);
  await act(async () => {
    const done = hook.current.start(file(5000));
    await hook.current.cancel();
    assert.equal(await done, null);
  });
  assert.equal(hook.current.state, "aborted");
  assert.ok([...fake.files.values()].every(({ record }) => record.status !== "stored"));
});

test("one hook uploads one file at a time", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useUpload);
  await act(async () => {
    const done = hook.current.start(file(10));
    await assert.rejects(hook.current.start(file(10)), /already uploading/);
    await done;
  });
});

test("an upload continues when its component is unmounted", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  const uploading = await render(t, client, useUpload);
  const listing = await render(t, client, useUploads);
  /** @type {Promise<unknown> | undefined} */
  let done;
  await act(async () => void (done = uploading.current.start(file(5000))));
  await uploading.unmount();
  await act(async () => void (await done));
  assert.equal(listing.current.uploads.length, 1);
});
