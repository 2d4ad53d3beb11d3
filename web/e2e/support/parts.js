/** @import { BrowserContext } from "playwright-core" */
/** @import { System } from "./system.js" */

/** The requests that carry parts of large files: which went out, which were answered, and a hand on those to come. */
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

  /** Lets the first parts through; the others are on their way for ever. @param {number} count */
  async holdAfter(count) {
    await this.#context.route(this.#address, (route) => {
      if (this.#number("PUT", route.request().url()) <= count) return route.continue();
    });
  }

  /** From now on; what is held stays so. */
  async letGo() {
    await this.#context.unroute(this.#address);
  }

  /** @param {string} method @param {string} address */
  #number(method, address) {
    const url = new URL(address);
    return method === "PUT" && this.#address(url) ? Number(url.searchParams.get("partNumber")) : 0;
  }
}

/** @param {number[]} numbers Each once, in order. */
export const sorted = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
