import assert from "node:assert/strict";
import { test } from "node:test";
import { ADA, client, signedIn, started } from "./helpers.js";
import { refusal } from "./fake.js";

test("a new page takes up the session", async (t) => {
  const { fake, storage } = await signedIn(t);
  const page = client(fake, storage);
  assert.equal(page.session.status, "unknown");
  const { status, user, reason } = await page.restore();
  assert.deepEqual([status, user?.email, reason], ["signedIn", ADA.email, "restored"]);
});

test("however many calls find the token expired, it is refreshed once", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.access.clear();
  await Promise.all([cloakroom.me(), cloakroom.me(), cloakroom.uploads.get("x").catch(() => {}), cloakroom.me()]);
  assert.equal(fake.count("POST /session/refresh"), 1);
});

test("a token that is about to expire is refreshed before it is used", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.accessSeconds = 0;
  fake.access.clear();
  await cloakroom.me();
  await cloakroom.me();
  assert.equal(fake.count("POST /session/refresh"), 2);
  assert.equal(fake.count("GET /users/me"), 3);
});

test("a session that the server ended ends here, and says so once", async (t) => {
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

test("a server without refresh asks people to sign in again", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.missing.add("POST /session/refresh");
  fake.access.clear();
  await assert.rejects(cloakroom.me(), { code: "session_ended" });
  assert.deepEqual([cloakroom.session.status, cloakroom.session.reason], ["signedOut", "ended"]);
});

test("a server that can't answer just now ends no session", async (t) => {
  const { fake, storage } = await signedIn(t);
  fake.api = ({ path }) => (path === "/session/refresh" ? refusal(503, "unavailable", "Later.") : undefined);
  const page = client(fake, storage);
  await assert.rejects(page.restore(), { status: 503 });
  assert.equal(page.session.status, "unknown");
  fake.api = () => {};
  assert.equal((await page.restore()).status, "signedIn");
});

test("a wrong password is no ended session", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  await assert.rejects(cloakroom.changePassword("wrong", "difference engine"), { code: "invalid_credentials" });
  assert.equal(cloakroom.session.status, "signedIn");
  assert.equal(fake.count("POST /session/refresh"), 0);
});

test("a refresh that another tab has won uses what that tab got", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.access.clear();
  fake.api = ({ path, json }) => {
    if (path !== "/session/refresh" || !fake.sessions.has(json.refreshToken)) return;
    // The other tab rotates the token while our request is on its way.
    const userId = fake.sessions.get(json.refreshToken) ?? "";
    fake.sessions.clear();
    fake.sessions.set("from the other tab", userId);
    storage.setItem(storage.key(0) ?? "", JSON.stringify({ refreshToken: "from the other tab", userId }));
    fake.api = () => {};
  };
  assert.equal((await cloakroom.me()).user.email, ADA.email);
});

test("signing out during a refresh is final", async (t) => {
  const { fake, cloakroom, storage } = await signedIn(t);
  fake.access.clear();
  fake.api = async ({ path }) => {
    if (path === "/session/refresh") await cloakroom.signOut();
  };
  await assert.rejects(cloakroom.me(), { code: "session_ended" });
  assert.equal(cloakroom.session.status, "signedOut");
  assert.equal(storage.length, 0);
});

test("an answer that comes after signing out brings nobody back", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = async ({ path }) => {
    if (path === "/users/me") await cloakroom.signOut();
  };
  await cloakroom.me();
  assert.deepEqual([cloakroom.session.status, cloakroom.session.user], ["signedOut", null]);
});

test("signing out works without the server, except everywhere", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => refusal(503, "unavailable", "Later.");
  await assert.rejects(cloakroom.signOut({ everywhere: true }), { status: 503 });
  assert.equal(cloakroom.session.status, "signedIn");
  await cloakroom.signOut();
  assert.equal(cloakroom.session.status, "signedOut");
});

test("signing up again after a lost answer makes no second account", async (t) => {
  const fake = await started(t);
  let lost = false;
  fake.api = async ({ headers, body }) => {
    if (lost) return;
    lost = true;
    // The request is carried out, and its answer replaced by a failure.
    const key = String(headers["idempotency-key"]);
    await fetch(`${fake.apiUrl}/signup`, { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key }, body: body.toString() });
    return refusal(503, "unavailable", "Later.");
  };
  const user = await client(fake).signUp(ADA);
  assert.equal(user.email, ADA.email);
  assert.equal(fake.people.size, 1);
});

test("problems arrive with everything they say", async (t) => {
  const fake = await started(t);
  const error = await client(fake).signUp({ email: "nobody", password: "short", name: "N" }).catch((e) => e);
  assert.deepEqual([error.name, error.status, error.code], ["CloakroomError", 422, "validation_failed"]);
  assert.equal(error.field("/email").code, "invalid_email");
  assert.equal(error.field("/password").code, "password_too_short");
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
});

test("an answer that is not ours is an error with its status", async (t) => {
  const fake = await started(t);
  fake.api = () => ({ status: 418, body: "<h1>teapot</h1>" });
  await assert.rejects(client(fake).signIn("a", "b"), { status: 418, code: "http_418", errors: [] });
});

test("what is no read is sent once", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  fake.api = () => refusal(503, "unavailable", "Later.");
  await assert.rejects(cloakroom.changePassword("a", "b"), { status: 503 });
  await assert.rejects(cloakroom.updateMe({ name: "B" }), { status: 503 });
  await assert.rejects(cloakroom.signIn("a", "b"), { status: 503 });
  assert.equal(fake.calls.length, 3);
});

test("a stale profile is not overwritten", async (t) => {
  const { cloakroom } = await signedIn(t);
  const { etag } = await cloakroom.me();
  const { user } = await cloakroom.updateMe({ profile: { city: "London" } }, { ifMatch: etag });
  assert.equal(user.profile?.city, "London");
  await assert.rejects(cloakroom.updateMe({ name: "B" }, { ifMatch: etag }), { status: 412 });
});

test("everybody is walked page by page", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  for (const name of ["b", "c", "d"]) await cloakroom.signUp({ ...ADA, email: `${name}@example.com`, name });
  fake.calls.length = 0;
  const names = [];
  for await (const user of cloakroom.users({ limit: 2 })) names.push(user.name);
  assert.deepEqual(names, ["d", "c", "b"]);
  assert.equal(fake.count("GET /users"), 2);
});
