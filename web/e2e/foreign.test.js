import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { Account } from "./support/account.js";
import { FLAGS, Profile } from "./support/browser.js";
import { PASSWORD } from "./support/person.js";
import { CLOAKROOM, startSystem } from "./support/system.js";

/** @import { Page } from "playwright-core" */

/**
 * @typedef {object} Attempt
 * @property {string} url
 * @property {string} method
 * @property {Record<string, string>} headers
 * @property {string} [body]
 */

/** @type {("cors" | "no-cors")[]} */
const MODES = ["cors", "no-cors"];

const system = await startSystem(["MailFrom=cloakroom@localhost"]);
after(() => system.stop());
const page = await servePage();
after(() => page.stop());

const email = `${randomUUID()}@example.com`;
const ada = new Account(system, "");
await ada.call("POST", "/signup", { email, password: PASSWORD, name: "Ada Lovelace" });
ada.token = (await ada.call("POST", "/signin", { email, password: PASSWORD })).accessToken;

// A name, because the system serves pages of loopback addresses.
test("a page of another origin cannot read or change anything", () =>
  inBrowser(["--host-resolver-rules=MAP foreign.example 127.0.0.1"], async (tab) => {
    const before = await state();
    await tab.goto(page.origin);
    for (const mode of MODES) {
      const heard = await tab.evaluate(attack, { attempts: attempts(system.endpoints), mode });
      assert.deepEqual(heard.filter(({ read }) => read), [], `in mode ${mode}`);
    }
    assert.deepEqual(await state(), before);
  }));

test("a DNS name rebound to this machine cannot read or change anything", () =>
  inBrowser(["--host-resolver-rules=MAP evil.example 127.0.0.1"], async (tab) => {
    const before = await state();
    const rebound = Object.fromEntries(
      Object.entries(system.endpoints).map(([name, url]) => [name, url.replace("127.0.0.1", "evil.example")]),
    );
    for (const origin of new Set(Object.values(rebound).map((url) => new URL(url).origin))) {
      const answer = await tab.goto(`${origin}/outbox.json`);
      assert.equal(answer?.status(), 421, origin);
      const own = attempts(rebound).filter(({ url }) => url.startsWith(origin));
      assert.ok(own.length > 0, origin);
      // The page and the engine have the same origin now, so only the server can refuse.
      const heard = await tab.evaluate(attack, { attempts: own, mode: MODES[0] });
      assert.deepEqual(heard.map(({ status }) => status), own.map(() => 421), origin);
    }
    assert.deepEqual(await state(), before);
  }));

/**
 * The requests of an attacker who knows all resource names, but no secret.
 * @param {Record<string, string>} endpoints
 * @returns {Attempt[]}
 */
function attempts({ api, dynamodb, eventbridge, lambda, outbox, payments, s3, ses, sqs, ssm }) {
  const call = (/** @type {string} */ url, /** @type {string} */ target, /** @type {object} */ body) => ({
    url,
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": target,
      "x-amz-date": amzDate(),
      authorization: signature(SERVICES[target.split(/[._]/)[0]]),
    },
    body: JSON.stringify(body),
  });
  const credentials = { TableName: "cloakroom-dev-CredentialsTable" };
  const keys = { Path: "/cloakroom/cloakroom-dev", Recursive: true, WithDecryption: true };
  const mail = { FromEmailAddress: "cloakroom@localhost", Destination: { ToAddresses: [email] }, Content: MAIL };
  const parameter = { Name: "/cloakroom/cloakroom-dev/keys/private/x", Value: "x", Type: "String" };
  const signed = (/** @type {string} */ service) => ({ authorization: signature(service), "x-amz-date": amzDate() });
  const bucket = `${s3}/cloakroom-dev-uploadsbucket`;
  const queue = { QueueUrl: `${sqs}/000000000000/cloakroom-dev-LibraryQueue` };
  const event = { Source: "cloakroom", DetailType: "order.paid", Detail: "{}", EventBusName: "cloakroom-dev" };
  return [
    { url: dynamodb, method: "GET", headers: {} },
    call(dynamodb, "DynamoDB_20120810.ListTables", {}),
    call(dynamodb, "DynamoDB_20120810.Scan", credentials),
    call(dynamodb, "DynamoDB_20120810.DeleteItem", { ...credentials, Key: { email: { S: email } } }),
    call(ssm, "AmazonSSM.GetParametersByPath", keys),
    call(ssm, "AmazonSSM.PutParameter", parameter),
    call(sqs, "AmazonSQS.SendMessage", { ...queue, MessageBody: "{}" }),
    call(sqs, "AmazonSQS.ReceiveMessage", queue),
    call(eventbridge, "AWSEvents.PutEvents", { Entries: [event] }),
    { url: `${payments}/`, method: "GET", headers: {} },
    { url: `${payments}/v1/events`, method: "GET", headers: {} },
    { url: `${payments}/v1/refunds`, method: "POST", headers: {}, body: "payment_intent=pi_1" },
    { url: `${s3}/`, method: "GET", headers: {} },
    { url: `${bucket}?list-type=2`, method: "GET", headers: signed("s3") },
    { url: `${bucket}/x`, method: "PUT", headers: signed("s3"), body: "x" },
    {
      url: `${lambda}/2015-03-31/functions/UploadEventsFunction/invocations`,
      method: "POST",
      headers: signed("lambda"),
      body: "{}",
    },
    { url: `${ses}/v2/email/outbound-emails`, method: "POST", headers: signed("ses"), body: JSON.stringify(mail) },
    { url: outbox, method: "GET", headers: {} },
    { url: `${outbox}.json`, method: "GET", headers: {} },
    { url: `${api}/users/me`, method: "GET", headers: { authorization: ada.authorization } },
  ];
}

/** @type {Record<string, string>} The service of an action. */
const SERVICES = { AmazonSQS: "sqs", AmazonSSM: "ssm", AWSEvents: "events", DynamoDB: "dynamodb" };
const text = { Data: "Hello", Charset: "UTF-8" };
const MAIL = { Simple: { Subject: text, Body: { Text: text, Html: text } } };

function amzDate() {
  return new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

/** Returns an authorization header with the local access key id and a wrong signature. @param {string} service */
function signature(service) {
  const scope = `local/${amzDate().slice(0, 8)}/us-east-1/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;
}

/**
 * Runs in the page: sends all requests and returns what it could read.
 * @param {{ attempts: Attempt[], mode: "cors" | "no-cors" }} what
 */
function attack({ attempts, mode }) {
  return Promise.all(
    attempts.map(async ({ url, method, headers, body }) => {
      // Without CORS a page can send only GET and POST.
      const simple = mode === "cors" || method === "GET" ? method : "POST";
      try {
        const answer = await fetch(url, { method: simple, headers, body, mode });
        return { url, status: answer.status, read: answer.type === "opaque" ? "" : await answer.text() };
      } catch {
        return { url, status: 0, read: "" };
      }
    }),
  );
}

/** Returns the state that an attack could change. */
async function state() {
  const { accessToken } = await ada.call("POST", "/signin", { email, password: PASSWORD });
  assert.ok(accessToken);
  const secrets = execFileSync(CLOAKROOM, ["secrets", "list", "--env", "dev", `--local=${system.folder}`]);
  const mails = await (await fetch(`${system.outbox}.json`)).json();
  return {
    me: await ada.call("GET", "/users/me"),
    secrets: String(secrets),
    uploads: await ada.uploads(),
    mails: mails.filter((/** @type {any} */ mail) => mail.subject === text.Data),
  };
}

/**
 * Opens a browser whose console errors do not fail the test: it is expected to block requests.
 * @param {string[]} flags
 * @param {(tab: Page) => Promise<void>} body
 */
async function inBrowser(flags, body) {
  const profile = new Profile();
  try {
    await body(await profile.open({ args: [...FLAGS, ...flags] }));
  } finally {
    profile.problems = [];
    await profile.remove();
  }
}

/** Serves a page from an origin that the system does not use. */
async function servePage() {
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end("<!doctype html><link rel=icon href=data:,><title>Another origin</title>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://foreign.example:${address.port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
