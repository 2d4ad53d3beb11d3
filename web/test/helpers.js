import { Cloakroom, MemoryStorage } from "../cloakroom.js";
import { Fake } from "./fake.js";

/** A retry policy with very short waits. */
export const QUICK = { baseMilliseconds: 1, maxMilliseconds: 2 };

export const ADA = { email: "ada@example.com", password: "analytical engine", name: "Ada" };

/**
 * Starts a fake with one account and returns a client that is signed in.
 * @param {import("node:test").TestContext} t
 */
export async function signedIn(t) {
  const fake = await started(t);
  const storage = new MemoryStorage();
  const cloakroom = client(fake, storage);
  await cloakroom.signUp(ADA);
  await cloakroom.signIn(ADA.email, ADA.password);
  fake.calls.length = 0;
  return { fake, storage, cloakroom };
}

/** Starts a fake that stops after the test. @param {import("node:test").TestContext} t */
export async function started(t) {
  const fake = await new Fake().start();
  t.after(() => fake.stop());
  return fake;
}

/** Creates a client of the fake. @param {Fake} fake @param {MemoryStorage} [storage] The storage of an earlier page. */
export function client(fake, storage = new MemoryStorage()) {
  return new Cloakroom({ baseUrl: fake.apiUrl, storage, retry: QUICK });
}

/** Creates a file with test data. @param {number} size @param {string} [name] */
export function file(size, name = "data.bin") {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251);
  return new File([bytes], name, { type: "application/octet-stream", lastModified: 1_700_000_000_000 });
}

/** Waits for events until the condition holds. @param {EventTarget} target @param {string} type @param {() => boolean} condition */
export function until(target, type, condition) {
  return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    const check = () => condition() && (target.removeEventListener(type, check), resolve());
    target.addEventListener(type, check);
    check();
  });
}
