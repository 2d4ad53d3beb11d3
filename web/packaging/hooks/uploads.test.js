import assert from "node:assert/strict";
import { test } from "node:test";
import { useUploads } from "cloakroom/react";
import { problem } from "../fake.js";
import { gate } from "../gate.js";
import { ADA, act, file, render, signedIn, started } from "./render.js";

/** @import { Cloakroom } from "cloakroom" */

/** @param {Cloakroom} client @param {string[]} names */
async function store(client, names) {
  for (const name of names) {
    await (await client.uploads.create(file(10, name))).done;
    await new Promise((resolve) => setTimeout(resolve, 2)); // the order is by time
  }
}

/** @param {{ uploads: { filename: string }[] }} list */
const names = ({ uploads }) => uploads.map(({ filename }) => filename);

test("pages are loaded one after another", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["a", "b", "c"]);
  const hook = await render(t, client, () => useUploads({ limit: 2 }));
  await hook.until(({ isLoading }) => !isLoading);
  assert.deepEqual([names(hook.current), hook.current.hasMore], [["c", "b"], true]);
  await act(() => hook.current.loadMore());
  assert.deepEqual([names(hook.current), hook.current.hasMore], [["c", "b", "a"], false]);
  assert.equal(fake.count("GET /uploads"), 2);
});

test("a page that failed can be loaded again", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["a", "b", "c"]);
  const hook = await render(t, client, () => useUploads({ limit: 2 }));
  await hook.until(({ isLoading }) => !isLoading);
  fake.api = () => problem(503, "unavailable", "Try again later.");
  await act(() => hook.current.loadMore());
  assert.deepEqual([hook.current.error?.code, hook.current.hasMore, names(hook.current)], ["unavailable", true, ["c", "b"]]);
  fake.api = () => {};
  await act(() => hook.current.loadMore());
  assert.deepEqual([hook.current.error, names(hook.current)], [null, ["c", "b", "a"]]);
});

test("a removed file disappears at once, and appears again when the deletion fails", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["a", "b"]);
  const hook = await render(t, client, useUploads);
  await hook.until(({ isLoading }) => !isLoading);
  const { id } = hook.current.uploads[0];
  fake.api = ({ method }) => (method === "DELETE" ? problem(409, "locked", "The file is locked.") : undefined);
  /** @type {Promise<boolean> | undefined} */
  let removed;
  await act(async () => void (removed = hook.current.remove(id)));
  assert.ok(hook.results.some((list) => names(list).join() === "a"));
  await act(async () => assert.equal(await removed, false));
  assert.deepEqual([names(hook.current), hook.current.error?.code], [["b", "a"], "locked"]);
  fake.api = () => {};
  assert.equal(await act(() => hook.current.remove(id)), true);
  assert.deepEqual([names(hook.current), hook.current.error], [["a"], null]);
});

test("a response from before a deletion does not show the deleted file", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["a", "b"]);
  const hook = await render(t, client, useUploads);
  await hook.until(({ isLoading }) => !isLoading);
  const old = { status: 200, body: { items: hook.current.uploads, next: null } };
  const { held, release } = gate();
  fake.api = async ({ method, path }) => {
    if (method !== "GET" || path !== "/uploads") return;
    await held;
    return old;
  };
  /** @type {Promise<void> | undefined} */
  let refreshed;
  await act(async () => void (refreshed = hook.current.refresh()));
  await act(() => hook.current.remove(hook.current.uploads[0].id));
  release();
  await act(async () => void (await refreshed));
  assert.deepEqual(names(hook.current), ["a"]);
});

test("a response from before an upload does not hide the new file", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  const hook = await render(t, client, useUploads);
  await hook.until(({ isLoading }) => !isLoading);
  const { held, release } = gate();
  const { useUpload } = await import("cloakroom/react");
  const uploading = await render(t, client, useUpload);
  fake.api = async ({ method, path }) => {
    if (method !== "GET" || path !== "/uploads") return;
    await held;
    return { status: 200, body: { items: [], next: null } };
  };
  /** @type {Promise<void> | undefined} */
  let refreshed;
  await act(async () => void (refreshed = hook.current.refresh()));
  await act(() => uploading.current.start(file(10, "new")));
  release();
  await act(async () => void (await refreshed));
  assert.deepEqual(names(hook.current), ["new"]);
});

test("the list of another user is not shown", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["a"]);
  const hook = await render(t, client, useUploads);
  await hook.until((list) => names(list).join() === "a");
  await act(() => client.signOut());
  assert.deepEqual([names(hook.current), hook.current.isLoading], [[], false]);
  await client.signUp({ ...ADA, email: "eve@example.com" });
  await act(() => client.signIn("eve@example.com", ADA.password));
  await hook.until(({ isLoading }) => !isLoading);
  assert.deepEqual(names(hook.current), []);
  await act(() => client.signOut());
  await act(() => client.signIn(ADA.email, ADA.password));
  await hook.until((list) => names(list).join() === "a");
});

test("components with the same number of files per page share one list and one request", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  const hook = await render(t, client, () => [useUploads(), useUploads()]);
  await hook.until(([first]) => !first.isLoading);
  assert.equal(fake.count("GET /uploads"), 1);
});

test("only files with the wanted statuses are returned", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["a"]);
  const record = { id: "x", filename: "open", contentType: "", size: 1, sha256: null, status: "pending", createdAt: "2000", storedAt: null };
  const ownerId = [...fake.accounts.keys()][0];
  fake.files.set("x", { record, ownerId, parts: new Map(), bytes: null, multipart: true });
  const hook = await render(t, client, () => [useUploads(), useUploads({ statuses: ["stored", "pending"] })]);
  await hook.until(([first]) => !first.isLoading);
  assert.deepEqual(hook.current.map(names), [["a"], ["a", "open"]]);
});

test("the files that others share are a list of their own, newest grant first", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  await store(client, ["own"]);
  const sharedBy = { id: "u/1", name: "Grace" };
  const at = (/** @type {number} */ second) => `2026-01-01T00:00:0${second}.000Z`;
  /** The creation has another order than the grants. @param {string} filename @param {number} granted */
  const upload = (filename, granted) => ({ id: filename, filename, status: "stored", createdAt: at(9 - granted), sharedAt: at(granted), sharedBy });
  fake.api = ({ method, query }) => {
    if (method !== "GET" || query.get("shared") !== "with-me") return;
    // The second page has an older grant for a file of the first one, and the last page is empty.
    if (query.get("cursor") === "3") return { status: 200, body: { items: [], next: null } };
    if (query.get("cursor") === "2") return { status: 200, body: { items: [upload("b", 2), upload("c", 1)], next: "3" } };
    return { status: 200, body: { items: [upload("b", 4), upload("a", 3)], next: "2" } };
  };
  const shared = await render(t, client, () => useUploads({ limit: 2, shared: "with-me" }));
  const own = await render(t, client, () => useUploads({ limit: 2 }));
  await shared.until(({ isLoading }) => !isLoading);
  await own.until(({ isLoading }) => !isLoading);
  assert.deepEqual([names(shared.current), names(own.current)], [["b", "a"], ["own"]]);
  await act(() => shared.current.loadMore());
  assert.deepEqual([names(shared.current), shared.current.hasMore], [["b", "a", "c"], true]);
  assert.equal(shared.current.uploads[0].sharedAt, at(4));
  await act(() => shared.current.loadMore());
  assert.deepEqual([names(shared.current), shared.current.hasMore], [["b", "a", "c"], false]);

  const { useUpload } = await import("cloakroom/react");
  const uploading = await render(t, client, useUpload);
  await act(() => uploading.current.start(file(10, "new")));
  assert.deepEqual([names(own.current), names(shared.current)], [["new", "own"], ["b", "a", "c"]]);
});
