import assert from "node:assert/strict";
import { test } from "node:test";
import { ADA, client, signedIn, started } from "./helpers.js";
import { problem } from "./fake.js";

test("a new page restores the session", async (t) => {
  const { fake, storage } = await signedIn(t);
  const page = client(fake, storage);
  assert.equal(page.session.status, "unknown");
  const { status, user, reason } = await page.restore();
  assert.deepEqual([status, user?.email, reason], ["signedIn", ADA.email, "restored"]);
});

test("concurrent calls with an expired token refresh it once", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.access.clear();
  await Promise.all([cloakroom.me(), cloakroom.me(), cloakroom.uploads.get("x").catch(() => {}), cloakroom.me()]);
  assert.equal(fake.count("POST /session/refresh"), 1);
});

test("a token that is about to expire is refreshed before use", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.accessSeconds = 0;
  fake.access.clear();
  await cloakroom.me();
  await cloakroom.me();
  assert.equal(fake.count("POST /session/refresh"), 2);
  assert.equal(fake.count("GET /users/me"), 3);
});

test("a session that the server ended becomes signedOut, with one event", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  /** @type {unknown[]} */
  const reasons = [];
  cloakroom.onSessionChange(({ reason }) => reasons.push(reason));
  fake.access.clear();
  fake.sessions.clear();
  const failed = await Promise.allSettled([cloakroom.me(), cloakroom.me()]);
  assert.deepEqual(failed.map((result) => result.status === "rejected" && result.reason.code), ["session_ended", "session_ended"]);
  assert.deepEqual(reasons, ["ended"]);
  assert.equal(storage.length, 0);
});

test("a server without the refresh route ends the session", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.missing.add("POST /session/refresh");
  fake.access.clear();
  await assert.rejects(cloakroom.me(), { code: "session_ended" });
  assert.deepEqual([cloakroom.session.status, cloakroom.session.reason], ["signedOut", "ended"]);
});

test("an unavailable server does not end the session", async (t) => {
  const { fake, storage } = await signedIn(t);
  fake.api = ({ path }) => (path === "/session/refresh" ? problem(503, "unavailable", "Try again later.") : undefined);
  const page = client(fake, storage);
  await assert.rejects(page.restore(), { status: 503 });
  assert.equal(page.session.status, "unknown");
  fake.api = () => {};
  assert.equal((await page.restore()).status, "signedIn");
});

test("a wrong password does not end the session", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  await assert.rejects(cloakroom.changePassword("wrong", "difference engine"), { code: "invalid_credentials" });
  assert.equal(cloakroom.session.status, "signedIn");
  assert.equal(fake.count("POST /session/refresh"), 0);
});

test("a refresh that lost to another tab uses the other tab's token", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.access.clear();
  fake.api = ({ path, json }) => {
    if (path !== "/session/refresh" || !fake.sessions.has(json.refreshToken)) return;
    // The other tab refreshes the token while this request is running.
    const userId = fake.sessions.get(json.refreshToken) ?? "";
    fake.sessions.clear();
    fake.sessions.set("from the other tab", userId);
    storage.setItem(storage.key(0) ?? "", JSON.stringify({ refreshToken: "from the other tab", userId }));
    fake.api = () => {};
  };
  assert.equal((await cloakroom.me()).user.email, ADA.email);
});

test("signing out during a refresh stays signed out", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.access.clear();
  fake.api = async ({ path }) => {
    if (path === "/session/refresh") await cloakroom.signOut();
  };
  await assert.rejects(cloakroom.me(), { code: "session_ended" });
  assert.equal(cloakroom.session.status, "signedOut");
  assert.equal(storage.length, 0);
});

test("a response after sign-out does not restore the session", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = async ({ path }) => {
    if (path === "/users/me") await cloakroom.signOut();
  };
  await cloakroom.me();
  assert.deepEqual([cloakroom.session.status, cloakroom.session.user], ["signedOut", null]);
});

test("a response that arrives after another user signed in does not change the session", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const eve = { ...ADA, email: "eve@example.com" };
  await client(fake).signUp(eve);
  fake.api = async ({ path }) => {
    if (path !== "/users/me") return;
    const user = cloakroom.session.user;
    await cloakroom.signIn(eve.email, eve.password);
    return { status: 200, body: { user } };
  };
  const { user } = await cloakroom.me();
  assert.equal(user.email, ADA.email);
  assert.equal(cloakroom.session.user?.email, eve.email);
});

test("sign-out works without the server, except sign-out everywhere", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => problem(503, "unavailable", "Try again later.");
  await assert.rejects(cloakroom.signOut({ everywhere: true }), { status: 503 });
  assert.equal(cloakroom.session.status, "signedIn");
  await cloakroom.signOut();
  assert.equal(cloakroom.session.status, "signedOut");
});

test("a retried sign-up after a lost response does not create a second account", async (t) => {
  const fake = await started(t);
  let lost = false;
  fake.api = async ({ headers, body }) => {
    if (lost) return;
    lost = true;
    // The request is carried out, and its response is replaced by a failure.
    const key = String(headers["idempotency-key"]);
    await fetch(`${fake.apiUrl}/signup`, { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key }, body: body.toString() });
    return problem(503, "unavailable", "Try again later.");
  };
  const user = await client(fake).signUp(ADA);
  assert.equal(user.email, ADA.email);
  assert.equal(fake.accounts.size, 1);
});

test("a problem keeps its code, fields and request id", async (t) => {
  const fake = await started(t);
  const error = await client(fake).signUp({ email: "unknown", password: "short", name: "N" }).catch((e) => e);
  assert.deepEqual([error.name, error.status, error.code], ["CloakroomError", 422, "validation_failed"]);
  assert.equal(error.field("/email").code, "invalid_email");
  assert.equal(error.field("/password").code, "password_too_short");
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
});

test("a response that is not from the API is an error with its status", async (t) => {
  const fake = await started(t);
  fake.api = () => ({ status: 418, body: "<h1>teapot</h1>" });
  await assert.rejects(client(fake).signIn("a", "b"), { status: 418, code: "http_418", errors: [] });
});

test("requests that are not reads are sent once", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => problem(503, "unavailable", "Try again later.");
  await assert.rejects(cloakroom.changePassword("a", "b"), { status: 503 });
  await assert.rejects(cloakroom.updateMe({ name: "B" }), { status: 503 });
  await assert.rejects(cloakroom.signIn("a", "b"), { status: 503 });
  assert.equal(fake.calls.length, 3);
});

test("an update with an outdated etag is rejected", async (t) => {
  const { cloakroom } = await signedIn(t);
  const { etag } = await cloakroom.me();
  const { user } = await cloakroom.updateMe({ profile: { city: "London" } }, { ifMatch: etag });
  assert.equal(user.profile?.city, "London");
  await assert.rejects(cloakroom.updateMe({ name: "B" }, { ifMatch: etag }), { status: 412 });
});

test("users are listed page by page", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  for (const name of ["b", "c", "d"]) await cloakroom.signUp({ ...ADA, email: `${name}@example.com`, name });
  fake.calls.length = 0;
  const names = [];
  for await (const user of cloakroom.users({ limit: 2 })) names.push(user.name);
  assert.deepEqual(names, ["d", "c", "b"]);
  assert.equal(fake.count("GET /users"), 2);
});
