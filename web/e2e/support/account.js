import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { PASSWORD } from "./person.js";
import { CLOAKROOM } from "./system.js";

/** @import { System } from "./system.js" */

/**
 * Gives a user a role, as an operator does. It takes effect at the next sign-in or refresh.
 * @param {System} system
 * @param {string} email
 * @param {string} role
 */
export async function setRole(system, email, role) {
  await promisify(execFile)(CLOAKROOM, ["users", "roles", email, "--set", role, "--env", "dev", `--local=${system.folder}`]);
}

/** A user who calls the API without the page. */
export class Account {
  /** @param {System} system @param {string} token */
  constructor(system, token) {
    this.system = system;
    this.token = token;
  }

  /**
   * Signs up and signs in a new user.
   * @param {System} system
   * @param {"seller"} [role]
   */
  static async open(system, role) {
    const account = new Account(system, "");
    const credentials = { email: `${randomUUID()}@example.com`, password: PASSWORD };
    await account.call("POST", "/signup", { ...credentials, name: "Ada Lovelace" });
    if (role) await setRole(system, credentials.email, role);
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

  /**
   * Uploads a text file. Returns its id.
   * @param {string} filename
   * @param {string} text
   * @returns {Promise<string>}
   */
  async upload(filename, text) {
    const file = { filename, contentType: "text/plain", size: Buffer.byteLength(text) };
    const { upload, transfer } = await this.call("POST", "/uploads", file);
    const sent = await fetch(transfer.url, { method: "PUT", headers: transfer.headers, body: text });
    assert.ok(sent.ok, await sent.text());
    await this.call("POST", `/uploads/${upload.id}/complete`, {});
    return upload.id;
  }

  /**
   * Offers a file for sale.
   * @param {{ title: string, amount: number, currency?: string, description?: string, filename?: string, text?: string }} product
   * @returns {Promise<string>} The product's id.
   */
  async offer({ title, amount, currency = "EUR", description = "", filename = "notes.txt", text = "notes" }) {
    const files = [await this.upload(filename, text)];
    const { product } = await this.call("POST", "/products", { title, description, price: { amount, currency }, files });
    await this.call("POST", `/products/${product.id}/publish`);
    return product.id;
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
    for (let tries = 0; tries < 600; tries++) {
      const uploads = await this.uploads();
      assert.equal(uploads.length, 1);
      if (uploads[0].status === "stored") return this.call("GET", `/uploads/${uploads[0].id}`);
      await sleep(100);
    }
    throw new Error(`The upload was not stored: ${JSON.stringify(await this.uploads())}`);
  }
}
