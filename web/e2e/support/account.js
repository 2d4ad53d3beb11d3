import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { PASSWORD } from "./person.js";

/** @import { System } from "./system.js" */

/** A user who calls the API without the page. */
export class Account {
  /** @param {System} system @param {string} token */
  constructor(system, token) {
    this.system = system;
    this.token = token;
  }

  /** Signs up and signs in a new user. @param {System} system */
  static async open(system) {
    const account = new Account(system, "");
    const credentials = { email: `${randomUUID()}@example.com`, password: PASSWORD };
    await account.call("POST", "/signup", { ...credentials, name: "Ada Lovelace" });
    account.token = (await account.call("POST", "/signin", credentials)).accessToken;
    return account;
  }

  get authorization() {
    return `Bearer ${this.token}`;
  }

  /** @param {string} method @param {string} route @param {object} [body] */
  async call(method, route, body) {
    /** @type {Record<string, string>} */
    const headers = body ? { "content-type": "application/json" } : {};
    if (this.token) headers.authorization = this.authorization;
    const answer = await fetch(this.system.api + route, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${route}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** @returns {Promise<any[]>} */
  async uploads() {
    return (await this.call("GET", "/uploads")).items;
  }

  /**
   * Waits until the only upload is stored and returns it with its download. After a form upload, the API learns of the file
   * from the bucket's event.
   * @returns {Promise<any>}
   */
  async stored() {
    for (let tries = 0; tries < 100; tries++) {
      const uploads = await this.uploads();
      assert.equal(uploads.length, 1);
      if (uploads[0].status === "stored") return this.call("GET", `/uploads/${uploads[0].id}`);
      await sleep(100);
    }
    throw new Error(`The upload was not stored: ${JSON.stringify(await this.uploads())}`);
  }
}
