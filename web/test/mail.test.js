import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal } from "./fake.js";
import { ADA, client, started } from "./helpers.js";

/**
 * @param {import("node:test").TestContext} t
 * @param {(call: import("./fake.js").Call) => import("./fake.js").Reply} answer
 */
async function answering(t, answer) {
  const fake = await started(t);
  /** @type {[string, any][]} */
  const sent = [];
  fake.api = (call) => {
    sent.push([`${call.method} ${call.path}`, call.json]);
    return answer(call);
  };
  return { cloakroom: client(fake), sent };
}

test("what goes by mail is sent as it is", async (t) => {
  const { cloakroom, sent } = await answering(t, ({ path }) => ({ status: path === "/password/forgot" ? 202 : 204 }));
  await cloakroom.forgotPassword("ada@example.com");
  await cloakroom.resetPassword("token", "difference engine");
  await cloakroom.verifyEmail("token");
  await cloakroom.verifyEmail("token", "difference engine");
  assert.deepEqual(sent, [
    ["POST /password/forgot", { email: "ada@example.com" }],
    ["POST /password/reset", { token: "token", newPassword: "difference engine" }],
    ["POST /verify-email", { token: "token" }],
    ["POST /verify-email", { token: "token", password: "difference engine" }],
  ]);
});

test("a sign-up that is finished by mail gives nobody yet", async (t) => {
  const { cloakroom } = await answering(t, () => ({ status: 202, body: { status: "verification_pending" } }));
  assert.equal(await cloakroom.signUp(ADA), null);
});

test("asking for a link is tried again, using one is not", async (t) => {
  const { cloakroom, sent } = await answering(t, () => refusal(503, "unavailable", "Later."));
  await assert.rejects(cloakroom.forgotPassword("ada@example.com"), { status: 503 });
  assert.ok(sent.length > 1);
  sent.length = 0;
  await assert.rejects(cloakroom.resetPassword("token", "difference engine"), { status: 503 });
  await assert.rejects(cloakroom.verifyEmail("token"), { status: 503 });
  assert.equal(sent.length, 2);
});
