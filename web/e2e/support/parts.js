/** @import { BrowserContext } from "playwright-core" */
/** @import { System } from "./system.js" */

/** Records the requests that upload parts of large files, and can hold them back. */
export class Parts {
  /** @type {number[]} */
  sent = [];
  /** @type {number[]} */
  stored = [];
  #context;
  #address;

  /**
   * @param {BrowserContext} context
   * @param {System} system
   */
  constructor(context, system) {
    this.#context = context;
    this.#address = (/** @type {URL} */ url) => url.origin === system.s3 && url.searchParams.has("partNumber");
    context.on("request", (request) => {
      const number = this.#number(request.method(), request.url());
      if (number) this.sent.push(number);
    });
    context.on("response", (response) => {
      const number = this.#number(response.request().method(), response.url());
      if (number && response.ok()) this.stored.push(number);
    });
  }

  /** Lets the first `count` parts through and holds the others back. @param {number} count */
  async holdAfter(count) {
    await this.#context.route(this.#address, (route) => {
      if (this.#number("PUT", route.request().url()) <= count) return route.continue();
    });
  }

  /** Lets all further requests through. Requests already held stay held. */
  async release() {
    await this.#context.unroute(this.#address);
  }

  /** @param {string} method @param {string} address */
  #number(method, address) {
    const url = new URL(address);
    return method === "PUT" && this.#address(url) ? Number(url.searchParams.get("partNumber")) : 0;
  }
}

/** Returns the distinct numbers in ascending order. @param {number[]} numbers */
export const sorted = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
