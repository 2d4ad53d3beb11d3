// Renders components into a document of jsdom, with a client of the fake API.
import assert from "node:assert/strict";
import { JSDOM } from "jsdom";
import { Cloakroom, MemoryStorage } from "cloakroom";
import { CloakroomProvider } from "cloakroom/react";
import { Fake } from "../fake.js";

const { window } = new JSDOM("<!doctype html><div id=root></div>", { url: "http://localhost/" });
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });

// React reads these globals when it is imported.
const { act, createElement, StrictMode } = await import("react");
const { createRoot, hydrateRoot } = await import("react-dom/client");
export { act, createElement };

export const ADA = { email: "ada@example.com", password: "analytical engine", name: "Ada" };

/** A retry policy with very short waits. */
const RETRY = { attempts: 2, baseMilliseconds: 1, maxMilliseconds: 2 };

/**
 * Starts a fake API; the test fails if React reports an error.
 * @param {import("node:test").TestContext} t
 */
export async function started(t) {
  const fake = await new Fake().start();
  t.after(() => fake.stop());
  const { error } = console;
  /** @type {unknown[]} */
  const errors = [];
  console.error = (...texts) => errors.push(texts.join(" "));
  t.after(() => {
    console.error = error;
    assert.deepEqual(errors, []);
  });
  return fake;
}

/** @param {Fake} fake @param {MemoryStorage} [storage] The storage of an earlier page. */
export function clientOf(fake, storage = new MemoryStorage()) {
  return new Cloakroom({ baseUrl: fake.apiUrl, storage, retry: RETRY });
}

/** Returns a client whose user is signed in. @param {Fake} fake @param {MemoryStorage} [storage] */
export async function signedIn(fake, storage) {
  const client = clientOf(fake, storage);
  if (fake.accounts.size === 0) await client.signUp(ADA);
  await client.signIn(ADA.email, ADA.password);
  fake.calls.length = 0;
  return client;
}

/**
 * Renders a component that uses a hook, in StrictMode, and returns what the hook returned last.
 * @template T
 * @param {import("node:test").TestContext} t
 * @param {Cloakroom} client
 * @param {() => T} hook
 * @param {string} [html] The HTML of a server, to hydrate.
 */
export async function render(t, client, hook, html) {
  /** @type {T[]} */
  const results = [];
  const Component = () => {
    results.push(hook());
    return null;
  };
  const tree = createElement(StrictMode, null, createElement(CloakroomProvider, { client }, createElement(Component)));
  const container = document.createElement("div");
  let root = html === undefined ? createRoot(container) : null;
  await act(async () => {
    if (root) return root.render(tree);
    container.innerHTML = html ?? "";
    root = hydrateRoot(container, tree);
  });
  t.after(() => act(async () => root?.unmount()));
  return {
    results,
    get current() {
      return /** @type {T} */ (results.at(-1));
    },
    unmount: () => act(async () => root?.unmount()),
    /** Waits until the condition holds for what the hook returned last. @param {(result: T) => boolean} condition */
    async until(condition) {
      for (let tries = 0; tries < 500; tries++) {
        if (condition(this.current)) return this.current;
        await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
      }
      assert.fail(`The condition did not hold: ${condition}. Last: ${JSON.stringify(this.current)}`);
    },
  };
}

/** Creates a file with test data. @param {number} size @param {string} [name] */
export function file(size, name = "data.bin") {
  return new File([new Uint8Array(size).fill(7)], name, { type: "application/octet-stream", lastModified: 1_700_000_000_000 });
}
