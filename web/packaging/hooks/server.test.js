// The hooks on a server: this file has no document until it hydrates.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { Cloakroom, MemoryStorage } from "cloakroom";
import { CloakroomProvider, useSession, useUpload, useUploads } from "cloakroom/react";

const useAll = () => ({ session: useSession(), upload: useUpload(), list: useUploads() });

/** @param {Cloakroom} client */
function html(client) {
  /** @type {ReturnType<typeof useAll>[]} */
  const results = [];
  const Component = () => {
    results.push(useAll());
    return null;
  };
  const tree = createElement(StrictMode, null, createElement(CloakroomProvider, { client }, createElement(Component)));
  return { text: renderToString(tree), result: results[0] };
}

test("a server renders without a document, and knows no session", () => {
  assert.equal(typeof window, "undefined");
  const { result } = html(new Cloakroom({ baseUrl: "http://127.0.0.1:1" }));
  assert.deepEqual([result.session.status, result.session.user], ["unknown", null]);
  assert.deepEqual([result.list.uploads, result.list.isLoading, result.upload.state], [[], true, "idle"]);
});

test("a browser hydrates the page of a server, then restores the session", async (t) => {
  const { clientOf, render, signedIn, started } = await import("./render.js");
  const fake = await started(t);
  const storage = new MemoryStorage();
  await signedIn(fake, storage);
  const { text } = html(new Cloakroom({ baseUrl: fake.apiUrl }));
  const hook = await render(t, clientOf(fake, storage), useAll, text);
  await hook.until(({ session, list }) => session.status === "signedIn" && !list.isLoading);
  assert.equal(hook.results[0].session.status, "unknown");
});

test("a hook without a provider says what is missing", () => {
  const Component = () => {
    useSession();
    return null;
  };
  assert.throws(() => renderToString(createElement(Component)), /CloakroomProvider/);
});
