import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** @import { System } from "./system.js" */

const ROOT = path.resolve(import.meta.dirname, "../../..");

/** @type {Record<string, string>} */
const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml" };

/** Serves the page as deployed: on its own origin, with only the files that web/deploy.sh copies. */
export class Site {
  /** The origin, set when the server listens. */
  origin = "";
  #folder = "";
  #policy = "";
  #server = createServer((request, answer) => void this.#serve(request.url ?? "/", answer));

  static async listen() {
    const site = new Site();
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    const address = /** @type {import("node:net").AddressInfo} */ (site.#server.address());
    site.origin = `http://127.0.0.1:${address.port}`;
    return site;
  }

  /** Deploys the page for an API. @param {System} system */
  async deploy({ api, s3 }) {
    this.#folder = await mkdtemp(path.join(tmpdir(), "cloakroom-site-"));
    await promisify(execFile)(path.join(ROOT, "web/deploy.sh"), ["--to", this.#folder, "--api", api, "--uploads", s3]);
    this.#policy = await headerPolicy();
  }

  /**
   * Serves the files with the template's policy, as CloudFront does.
   * @param {string} url
   * @param {import("node:http").ServerResponse} answer
   */
  async #serve(url, answer) {
    const { pathname } = new URL(url, this.origin);
    const file = path.normalize(pathname.replace(/\/$/, "/index.html")).slice(1);
    answer.setHeader("content-security-policy", this.#policy);
    answer.setHeader("cache-control", "no-cache");
    try {
      const bytes = await readFile(path.join(this.#folder, file));
      answer.setHeader("content-type", TYPES[path.extname(file)]);
      answer.end(bytes);
    } catch {
      answer.writeHead(403).end(); // S3's response for a missing file when the caller cannot list the bucket
    }
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Reads the policy of template.yaml, with local origins in place of the API's and the bucket's AWS origins. */
async function headerPolicy() {
  const template = await readFile(path.join(ROOT, "template.yaml"), "utf8");
  const [, block] = /\n *ContentSecurityPolicy: !Sub\n *- >-\n((?: {16}.*\n)+)/.exec(template) ?? [];
  assert.ok(block, "template.yaml has no ContentSecurityPolicy");
  const policy = block
    .trim()
    .replace(/\n\s+/g, " ")
    .replaceAll(/https:\/\/(\$\{ApiHost\}|\*\.s3\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\})/g, "http://127.0.0.1:*");
  assert.doesNotMatch(policy, /\$|https:/, "the policy has other AWS origins");
  return policy;
}
