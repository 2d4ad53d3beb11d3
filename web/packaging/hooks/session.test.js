import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStorage } from "cloakroom";
import { useSession } from "cloakroom/react";
import { problem } from "../fake.js";
import { ADA, act, clientOf, render, signedIn, started } from "./render.js";

test("a sign-up signs in, and a sign-out ends the session", async (t) => {
  const fake = await started(t);
  const hook = await render(t, clientOf(fake), useSession);
  assert.equal(hook.current.status, "signedOut");
  assert.equal(await act(() => hook.current.signUp(ADA)), "signedIn");
  assert.deepEqual([hook.current.status, hook.current.user?.name, hook.current.isPending], ["signedIn", "Ada", false]);
  await act(() => hook.current.signOut());
  assert.deepEqual([hook.current.status, hook.current.user, hook.current.reason], ["signedOut", null, "signedOut"]);
});

test("a sign-up that must be finished by e-mail does not sign in", async (t) => {
  const fake = await started(t);
  fake.api = ({ path }) => (path === "/signup" ? { status: 202, body: { status: "verification_pending" } } : undefined);
  const hook = await render(t, clientOf(fake), useSession);
  assert.equal(await act(() => hook.current.signUp(ADA)), "verificationPending");
  assert.deepEqual([hook.current.status, fake.count("POST /signin")], ["signedOut", 0]);
});

test("a failed sign-in is an error with its fields, until the next attempt", async (t) => {
  const fake = await started(t);
  const hook = await render(t, clientOf(fake), useSession);
  assert.equal(await act(() => hook.current.signIn(ADA.email, "wrong")), null);
  assert.deepEqual([hook.current.error?.code, hook.current.status], ["invalid_credentials", "signedOut"]);
  assert.equal(await act(() => hook.current.signUp({ ...ADA, password: "short" })), null);
  assert.equal(hook.current.error?.field("/password")?.code, "password_too_short");
  await act(() => hook.current.signUp(ADA));
  assert.equal(hook.current.error, null);
});

test("a cancelled sign-in is not an error", async (t) => {
  const fake = await started(t);
  const hook = await render(t, clientOf(fake), useSession);
  assert.equal(await act(() => hook.current.signIn(ADA.email, ADA.password, { signal: AbortSignal.abort() })), null);
  assert.deepEqual([hook.current.error, hook.current.isPending], [null, false]);
});

test("a call is pending while it runs", async (t) => {
  const fake = await started(t);
  const hook = await render(t, await signedIn(fake), useSession);
  /** @type {Promise<unknown> | undefined} */
  let done;
  await act(async () => void (done = hook.current.signIn(ADA.email, ADA.password)));
  assert.equal(hook.current.isPending, true);
  await act(async () => void (await done));
  assert.equal(hook.current.isPending, false);
});

test("the session of an earlier page is restored once, in StrictMode too", async (t) => {
  const fake = await started(t);
  const storage = new MemoryStorage();
  await signedIn(fake, storage);
  const hook = await render(t, clientOf(fake, storage), useSession);
  await hook.until(({ status }) => status === "signedIn");
  assert.equal(hook.results[0].status, "unknown");
  assert.deepEqual(fake.calls, ["POST /session/refresh", "GET /users/me"]);
});

test("a session that cannot be restored now can be restored later", async (t) => {
  const fake = await started(t);
  const storage = new MemoryStorage();
  await signedIn(fake, storage);
  fake.api = () => problem(503, "unavailable", "Try again later.");
  const hook = await render(t, clientOf(fake, storage), useSession);
  await hook.until(({ error }) => error?.code === "unavailable");
  assert.equal(hook.current.status, "unknown");
  fake.api = () => {};
  await act(() => hook.current.restore());
  assert.deepEqual([hook.current.status, hook.current.error], ["signedIn", null]);
});

test("a session that ended on the server is signed out with its reason", async (t) => {
  const fake = await started(t);
  const client = await signedIn(fake);
  const hook = await render(t, client, useSession);
  fake.access.clear();
  fake.sessions.clear();
  await act(() => client.me().catch(() => {}));
  assert.deepEqual([hook.current.status, hook.current.reason], ["signedOut", "ended"]);
});
