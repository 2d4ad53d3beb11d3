import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { build } from "esbuild";

/** @import { Page } from "playwright-core" */

const VERSIONS = path.resolve(import.meta.dirname, "../uppy");

/** What somebody's own page imports, in the version whose folder this is compiled in. */
const ENTRY = `
export { default as Uppy } from "@uppy/core";
export { default as AwsS3 } from "@uppy/aws-s3";
`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Somebody else's page</title>
<input type="file" aria-label="File">
</html>
`;

/**
 * Another origin than the API's, with Uppy as npm has it.
 * @param {string} version A folder of `uppy`.
 */
export async function serveWidget(version) {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: path.join(VERSIONS, version) },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  const server = createServer(({ url }, answer) => {
    const script = url === "/uppy.js";
    answer.setHeader("content-type", script ? "text/javascript" : "text/html");
    answer.end(script ? outputFiles[0].text : PAGE);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Uppy in a page. */
export class Widget {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * @param {string} origin Of the page.
   * @param {object} options Of the plugin, as its documentation has them.
   */
  async open(origin, options) {
    await this.page.goto(origin);
    await this.page.evaluate(async (options) => {
      // A variable: the compiler looks for constants.
      const script = "/uppy.js";
      const { Uppy, AwsS3 } = await import(script);
      // Its own logger writes what it shows to the console, too, where only the unexpected should be.
      const logger = { debug() {}, warn() {}, error() {} };
      /** @type {any} */ (window).uppy = new Uppy({ logger }).use(AwsS3, options);
    }, options);
  }

  /** @param {string} file @param {string} [name] What the page calls it. */
  async choose(file, name = path.basename(file)) {
    await this.page.getByLabel("File").setInputFiles(file);
    await this.page.evaluate((name) => {
      const [data] = document.querySelector("input")?.files ?? [];
      /** @type {any} */ (window).uppy.addFile({ name, type: data.type, data });
    }, name);
  }

  /** Ends with where files have gone, and with why others have not. */
  upload() {
    return this.page.evaluate(async () => {
      const { uppy } = /** @type {any} */ (window);
      /** @type {{ succeeded: string[], failed: string[] }} */
      const said = { succeeded: [], failed: [] };
      uppy.on("upload-success", (/** @type {any} */ _, /** @type {any} */ { uploadURL }) => said.succeeded.push(uploadURL));
      uppy.on("upload-error", (/** @type {any} */ _, /** @type {Error} */ error) => said.failed.push(error.message));
      await uppy.upload();
      return said;
    });
  }

  async cancel() {
    await this.page.evaluate(() => /** @type {any} */ (window).uppy.cancelAll());
  }
}
