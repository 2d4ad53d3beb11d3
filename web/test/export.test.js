import assert from "node:assert/strict";
import { test } from "node:test";
import { signedIn } from "./helpers.js";

const PAGES = [
  { user: { id: "u/1" }, sessions: [{ id: "s/1" }], uploads: [], next: "two" },
  { usage: { used: 5 }, sessions: [], uploads: [{ id: "f/1" }, { id: "f/2" }], next: "three" },
  { sessions: [], uploads: [{ id: "f/3" }], next: null },
];

test("the pages of an export are merged into one object", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  const pages = [...PAGES];
  fake.api = ({ path }) => (path === "/users/me/export" ? { status: 200, body: pages.shift() } : undefined);
  assert.deepEqual(await cloakroom.exportMe(), {
    user: { id: "u/1" },
    usage: { used: 5 },
    sessions: [{ id: "s/1" }],
    uploads: [{ id: "f/1" }, { id: "f/2" }, { id: "f/3" }],
  });
  assert.deepEqual(pages, []);
});

test("an export with a page that fails is an error", async (t) => {
  const { fake, cloakroom } = await signedIn(t);
  let first = true;
  fake.api = ({ path }) => {
    if (path !== "/users/me/export") return undefined;
    if (!first) return { status: 422, body: { code: "invalid_cursor" } };
    first = false;
    return { status: 200, body: PAGES[0] };
  };
  await assert.rejects(cloakroom.exportMe(), { code: "invalid_cursor" });
});
