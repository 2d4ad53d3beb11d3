// The client in Node against the local system: the routes that the demo page does not use.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { Cloakroom, CloakroomError } from "../cloakroom.js";
import { CLOAKROOM, startSystem } from "./support/system.js";

const system = await startSystem(["MaxLockDays=30"]);
after(() => system.stop());

let people = 0;

/** Signs up and signs in a new user. @param {string} name */
async function signedIn(name) {
  const client = new Cloakroom({ baseUrl: system.api });
  const person = { email: `${name}${people++}@example.com`, password: "analytical engine", name };
  await client.signUp(person);
  return { client, user: await client.signIn(person.email, person.password), ...person };
}

/** @template T @param {AsyncIterable<T>} pages */
async function all(pages) {
  /** @type {T[]} */
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

/** @param {string} code */
const fails = (code) => (/** @type {unknown} */ error) => error instanceof CloakroomError && error.code === code;

/** @param {Cloakroom} client */
const store = async (client) => await (await client.uploads.create(new File(["hello"], "hello.txt", { type: "text/plain" }))).done;

test("the owner of a file grants and revokes read access", async () => {
  const ada = await signedIn("Ada");
  const eve = await signedIn("Eve");
  const { id } = await store(ada.client);
  await assert.rejects(eve.client.uploads.get(id), fails("not_found"));
  await ada.client.uploads.grant(id, eve.user.id);
  assert.deepEqual((await all(ada.client.uploads.grants(id))).map(({ grantee }) => grantee), [eve.user.id]);
  const { download } = await eve.client.uploads.get(id);
  assert.equal(await (await fetch(download?.url ?? "")).text(), "hello");
  await ada.client.uploads.revoke(id, eve.user.id);
  assert.deepEqual(await all(ada.client.uploads.grants(id)), []);
  await assert.rejects(eve.client.uploads.get(id), fails("not_found"));
});

test("a deleted file is restored, and a locked file cannot be deleted", async () => {
  const { client, password } = await signedIn("Ada");
  const { id } = await store(client);
  assert.equal((await client.uploads.usage()).used, 5);
  await client.uploads.delete(id);
  assert.equal((await client.uploads.usage()).kept, 5);
  const [version] = await all(client.uploads.versions(id));
  assert.deepEqual([version.size, version.isCurrent], [5, false]);
  assert.equal((await client.uploads.restore(id, version.versionId)).status, "stored");
  const until = new Date(Date.now() + 2 * 24 * 3600 * 1000);
  const { lockedUntil, upload } = await client.uploads.lock(id, until, { password });
  assert.deepEqual([Math.abs(Date.parse(lockedUntil) - until.getTime()) < 1000, upload.id], [true, id]);
  await assert.rejects(client.uploads.delete(id), (error) => error instanceof CloakroomError && error.status === 409);
});

test("a user lists sessions and ends another one", async () => {
  const { client, email, password } = await signedIn("Ada");
  const other = new Cloakroom({ baseUrl: system.api });
  await other.signIn(email, password);
  /** @type {import("../cloakroom.js").DeviceSession[]} */
  let sessions = [];
  // A new session may be missing for a second.
  for (let tries = 0; tries < 600 && sessions.length < 2; tries++) {
    sessions = await all(client.sessions());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(sessions.map(({ current }) => current).sort(), [false, true]);
  await client.endSession(sessions.find(({ current }) => !current)?.id ?? "");
  assert.equal((await all(client.sessions())).length, 1);
});

test("an access token verifies with the published keys, and an upload grant has a URL", async () => {
  const { client } = await signedIn("Ada");
  const [{ kid }, { iss }] = (await client.accessToken()).split(".").map((part) => {
    try {
      return JSON.parse(Buffer.from(part, "base64url").toString());
    } catch {
      return {}; // the signature
    }
  });
  assert.ok((await client.jwks()).keys.some((key) => /** @type {any} */ (key).kid === kid));
  assert.equal((await client.openidConfiguration()).issuer, iss);
  assert.ok((await client.uploads.createUploadGrant()).companionEndpoint.startsWith(system.api));
});

test("an administrator manages users", async () => {
  const admin = await signedIn("Ada");
  const eve = await signedIn("Eve");
  await assert.rejects(all(admin.client.admin.users()), fails("forbidden"));
  await promisify(execFile)(CLOAKROOM, ["users", "roles", `--local=${system.folder}`, "--env", "dev", "--set", "admin", admin.email]);
  await admin.client.signIn(admin.email, admin.password);
  assert.ok((await all(admin.client.admin.users({ limit: 2 }))).some(({ id, email }) => id === eve.user.id && email === eve.email));
  assert.deepEqual((await all(admin.client.admin.users({ email: eve.email.toUpperCase() }))).map(({ id }) => id), [eve.user.id]);
  assert.ok((await all(admin.client.admin.users({ name: "ev", limit: 1 }))).some(({ id }) => id === eve.user.id));
  assert.equal((await admin.client.admin.disableUser(eve.user.id)).status, "disabled");
  await assert.rejects(eve.client.signIn(eve.email, eve.password), fails("invalid_credentials"));
  assert.equal((await admin.client.admin.enableUser(eve.user.id)).status, "active");
  assert.deepEqual((await admin.client.admin.setRoles(eve.user.id, ["admin"])).roles, ["admin"]);
  assert.equal((await admin.client.admin.user(eve.user.id)).name, "Eve");
  await admin.client.admin.deleteUser(eve.user.id);
  await assert.rejects(admin.client.admin.user(eve.user.id), fails("not_found"));
});

test("a cancelled call rejects with an AbortError and changes nothing", async () => {
  const { client } = await signedIn("Ada");
  await assert.rejects(client.me({ signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(client.session.status, "signedIn");
});
