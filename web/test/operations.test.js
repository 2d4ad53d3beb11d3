// The client has a method for each operation of docs/openapi.json.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { file, signedIn } from "./helpers.js";

/** @import { Cloakroom } from "../cloakroom.js" */

/**
 * @typedef {{ $ref?: string, properties?: object, required?: string[] }} Schema
 * @typedef {{ operationId: string, requestBody?: { content: Record<string, { schema: Schema }> } }} Operation
 * @type {{ paths: Record<string, Record<string, Operation>>, components: { schemas: Record<string, Schema> } }}
 */
const { paths, components } = JSON.parse(await readFile(new URL("../../docs/openapi.json", import.meta.url), "utf8"));
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, requestBody }]) => {
    const reference = requestBody?.content["application/json"]?.schema.$ref;
    return { operationId, path, method: method.toUpperCase(), body: components.schemas[reference?.split("/").at(-1) ?? ""] };
  }),
);

/** Uppy calls these itself: the client only gives it the URL and the token. */
const UPPY = /^\/s3\/(?!grants$)/;
/** The payment provider calls this itself, and signs what it sends. */
const PAYMENT_PROVIDER = "/payments/stripe";

const HASH = "a".repeat(64);

/**
 * How to call each operation with the client.
 * @type {Record<string, (client: Cloakroom) => PromiseLike<unknown>>}
 */
const CALLS = {
  getJwks: (client) => client.jwks(),
  getOpenidConfiguration: (client) => client.openidConfiguration(),
  adminListUsers: (client) => all(client.admin.users({ limit: 2 })),
  adminGetUser: (client) => client.admin.user("u/1"),
  adminDeleteUser: (client) => client.admin.deleteUser("u/1"),
  adminDisableUser: (client) => client.admin.disableUser("u/1"),
  adminEnableUser: (client) => client.admin.enableUser("u/1"),
  adminSetRoles: (client) => client.admin.setRoles("u/1", ["admin"]),
  adminAllowMail: (client) => client.admin.allowMail("u/1"),
  adminGiveProduct: (client) => client.admin.giveProduct("u/1", "p/1"),
  adminTakeBackProduct: (client) => client.admin.takeBackProduct("u/1", "p/1"),
  listProducts: async (client) => [await all(client.products.list()), await all(client.products.own({ limit: 2 }))],
  createProduct: (client) => client.products.create({ title: "Tea", price: { amount: 499, currency: "EUR" }, files: ["f/1"] }),
  getProduct: (client) => client.products.get("p/1"),
  updateProduct: (client) => client.products.update("p/1", { title: "Tea" }, { ifMatch: '"1"' }),
  publishProduct: (client) => client.products.publish("p/1"),
  archiveProduct: (client) => client.products.archive("p/1"),
  listLibrary: (client) => all(client.library.list()),
  getLibraryProduct: (client) => client.library.get("p/1"),
  createOrder: (client) => client.orders.create("p/1"),
  listOrders: (client) => all(client.orders.list({ limit: 2 })),
  getOrder: (client) => client.orders.get("o/1", { refresh: true }),
  cancelOrder: (client) => client.orders.cancel("o/1"),
  adminRefundOrder: async (client) => [await client.admin.refundOrder("o/1"), await client.admin.refundOrder("o/1", { amount: 100 })],
  createWebhook: (client) => client.webhooks.create({ url: "https://hooks.example.com/cloakroom", description: "Shop", eventTypes: null, enabled: true }),
  listWebhooks: (client) => all(client.webhooks.list()),
  getWebhook: (client) => client.webhooks.get("w/1"),
  updateWebhook: (client) => client.webhooks.update("w/1", { eventTypes: ["order.paid"], enabled: false }, { ifMatch: '"1"' }),
  deleteWebhook: (client) => client.webhooks.delete("w/1"),
  rotateWebhookSecret: (client) => client.webhooks.rotateSecret("w/1"),
  testWebhook: (client) => client.webhooks.test("w/1"),
  listWebhookDeliveries: (client) => all(client.webhooks.deliveries("w/1", { status: "failed", limit: 2 })),
  redeliverWebhook: async (client) => [
    await client.webhooks.redeliver("w/1", { deliveryId: "evt_1" }),
    await client.webhooks.redeliver("w/1", { since: new Date() }),
  ],
  forgotPassword: (client) => client.forgotPassword("ada@example.com"),
  resetPassword: (client) => client.resetPassword("token", "difference engine"),
  verifyEmail: (client) => client.verifyEmail("token"),
  createUploadGrant: (client) => client.uploads.createUploadGrant(),
  refreshSession: (client) => client.accessToken(),
  signIn: (client) => client.signIn("ada@example.com", "analytical engine"),
  signOut: (client) => client.signOut(),
  signUp: (client) => client.signUp({ email: "eve@example.com", password: "analytical engine", name: "Eve" }),
  listUploads: (client) => all(client.uploads.list()),
  createUpload: async (client) => (await client.uploads.create(file(3000))).done,
  completeUpload: async (client) => (await client.uploads.create(file(3000))).done,
  signParts: async (client) => (await client.uploads.create(file(3000))).done,
  listParts: async (client) => (await client.uploads.create(file(3000))).done,
  getUploadUsage: (client) => client.uploads.usage(),
  getUpload: (client) => client.uploads.get("f/1"),
  deleteUpload: (client) => client.uploads.delete("f/1"),
  listReadGrants: (client) => all(client.uploads.grants("f/1")),
  grantRead: (client) => client.uploads.grant("f/1", "everyone"),
  grantReadByEmail: (client) => client.uploads.grant("f/1", { email: "grace@example.com" }),
  revokeReadByEmail: (client) => client.uploads.revoke("f/1", { email: "grace@example.com", grantedAt: "" }),
  revokeRead: (client) => client.uploads.revoke("f/1", "u/1"),
  lockUpload: (client) => client.uploads.lock("f/1", new Date(), { password: "analytical engine" }),
  restoreVersion: (client) => client.uploads.restore("f/1", HASH),
  listVersions: (client) => all(client.uploads.versions("f/1")),
  listUsers: (client) => all(client.users()),
  getUser: (client) => client.user("u/1"),
  getMe: (client) => client.me(),
  updateMe: (client) => client.updateMe({ name: "Countess" }),
  deleteMe: (client) => client.deleteMe("analytical engine"),
  changePassword: (client) => client.changePassword("analytical engine", "difference engine"),
  exportMe: (client) => client.exportMe(),
  listSessions: (client) => all(client.sessions()),
  endSession: (client) => client.endSession("s/1"),
};

/** @param {AsyncIterable<unknown>} pages */
async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

/** Whether an operation is not for the client. @param {string} path */
const isForOthers = (path) => path === PAYMENT_PROVIDER || UPPY.test(path);

/** Whether a path of a request is that of an operation. @param {string} template @param {string} path */
function fits(template, path) {
  const given = path.split("/");
  const parts = template.split("/");
  return parts.length === given.length && parts.every((part, index) => part === given[index] || /^\{\w+\}$/.test(part));
}

test("the client has a method for each operation of the API document", () => {
  const expected = operations.filter(({ path }) => !isForOthers(path)).map(({ operationId }) => operationId);
  assert.ok(expected.length > 30);
  assert.deepEqual(Object.keys(CALLS).sort(), expected.sort());
});

for (const { operationId, path, method, body } of operations) {
  const call = CALLS[operationId];
  if (!call) continue;
  test(`${operationId} sends ${method} ${path}`, async (t) => {
    const { fake, cloakroom } = await signedIn(t);
    if (operationId === "refreshSession") {
      // Another page: it has the refresh token, and no access token.
      fake.accessSeconds = 0;
      await cloakroom.signIn("ada@example.com", "analytical engine");
      fake.accessSeconds = 900;
    }
    /** @type {import("./fake.js").Call[]} */
    const sent = [];
    fake.api = (request) => {
      sent.push(request);
      return RESPONSES[operationId];
    };
    await call(cloakroom);
    // A static path takes precedence over one with a parameter.
    const others = operations.filter((other) => other.method === method && other.operationId !== operationId && !other.path.includes("{"));
    const own = sent.filter(
      (request) => request.method === method && fits(path, request.path) && !others.some((other) => other.path === request.path),
    );
    assert.ok(own.length > 0, `${sent.map((request) => `${request.method} ${request.path}`)}`);
    for (const { json } of own) {
      const fields = Object.keys(json ?? {});
      const known = Object.keys(body?.properties ?? {});
      assert.deepEqual(fields.filter((field) => !known.includes(field)), [], "fields that the API document does not have");
      assert.deepEqual((body?.required ?? []).filter((field) => !fields.includes(field)), [], "required fields that are missing");
    }
  });
}

const PAGE = { status: 200, body: { items: [{}], next: null } };
const EMPTY = { status: 204 };
const ORDER = { status: 200, body: { order: { id: "o/1" } } };
const PRODUCT = { status: 200, body: { product: { id: "p/1" } } };
const USER = { status: 200, body: { user: { id: "u/1" } } };
const WEBHOOK = { status: 200, body: { endpoint: { id: "w/1" } } };

/** The fake's responses to operations that it does not implement. @type {Record<string, { status: number, body?: unknown }>} */
const RESPONSES = {
  getJwks: { status: 200, body: { keys: [] } },
  getOpenidConfiguration: { status: 200, body: {} },
  exportMe: { status: 200, body: { sessions: [], next: null } },
  adminListUsers: PAGE,
  adminGetUser: USER,
  adminDeleteUser: EMPTY,
  adminDisableUser: USER,
  adminEnableUser: USER,
  adminSetRoles: USER,
  adminAllowMail: EMPTY,
  adminGiveProduct: EMPTY,
  adminTakeBackProduct: EMPTY,
  listProducts: PAGE,
  createProduct: { ...PRODUCT, status: 201 },
  getProduct: PRODUCT,
  updateProduct: PRODUCT,
  publishProduct: PRODUCT,
  archiveProduct: PRODUCT,
  listLibrary: PAGE,
  getLibraryProduct: { status: 200, body: { item: {} } },
  createOrder: { ...ORDER, status: 201 },
  listOrders: PAGE,
  getOrder: ORDER,
  cancelOrder: ORDER,
  adminRefundOrder: { ...ORDER, status: 202 },
  createWebhook: { status: 201, body: { endpoint: { id: "w/1" }, secret: "whsec_" } },
  listWebhooks: PAGE,
  getWebhook: WEBHOOK,
  updateWebhook: WEBHOOK,
  deleteWebhook: EMPTY,
  rotateWebhookSecret: { status: 200, body: { secret: "whsec_", previousSecretExpiresAt: "" } },
  testWebhook: { status: 202, body: { delivery: { id: "evt_1" } } },
  listWebhookDeliveries: PAGE,
  redeliverWebhook: { status: 202, body: { count: 1, isComplete: true } },
  forgotPassword: { status: 202 },
  resetPassword: EMPTY,
  verifyEmail: EMPTY,
  createUploadGrant: { status: 201, body: { companionEndpoint: "", expiresAt: "" } },
  getUploadUsage: { status: 200, body: { used: 0, kept: 0, quota: 1 } },
  listUploads: PAGE,
  getUpload: { status: 200, body: { upload: { id: "f/1" } } },
  deleteUpload: EMPTY,
  listReadGrants: PAGE,
  grantRead: EMPTY,
  grantReadByEmail: EMPTY,
  revokeReadByEmail: EMPTY,
  revokeRead: EMPTY,
  lockUpload: { status: 200, body: { lockedUntil: "", upload: {} } },
  restoreVersion: { status: 200, body: { upload: {} } },
  listVersions: PAGE,
  listUsers: PAGE,
  getUser: USER,
  listSessions: PAGE,
  endSession: EMPTY,
  changePassword: EMPTY,
};
