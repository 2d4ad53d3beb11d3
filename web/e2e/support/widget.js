import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { build } from "esbuild";

/** @import { Page } from "playwright-core" */

const VERSIONS = path.resolve(import.meta.dirname, "../uppy");

/** The imports of an app's page; the folder it is compiled in determines the version. */
const ENTRY = `
export { default as Uppy } from "@uppy/core";
export { default as AwsS3 } from "@uppy/aws-s3";
`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Another app</title>
<input type="file" aria-label="File">
</html>
`;

/**
 * Serves Uppy from npm on another origin than the API's.
 * @param {string} version The name of a folder in `uppy`.
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

/** Uppy in a browser page. */
export class Widget {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * @param {string} origin The page's origin.
   * @param {object} options The plugin's options.
   */
  async open(origin, options) {
    await this.page.goto(origin);
    await this.page.evaluate(async (options) => {
      // In a variable, because the compiler resolves constant imports.
      const script = "/uppy.js";
      const { Uppy, AwsS3 } = await import(script);
      // Uppy's default logger writes expected errors to the console, which would fail the test.
      const logger = { debug() {}, warn() {}, error() {} };
      /** @type {any} */ (window).uppy = new Uppy({ logger }).use(AwsS3, options);
    }, options);
  }

  /** @param {string} file @param {string} [name] The file name that the page uses. */
  async choose(file, name = path.basename(file)) {
    await this.page.getByLabel("File").setInputFiles(file);
    await this.page.evaluate((name) => {
      const [data] = document.querySelector("input")?.files ?? [];
      /** @type {any} */ (window).uppy.addFile({ name, type: data.type, data });
    }, name);
  }

  /** Uploads the files and returns the URLs of stored files and the messages of failed ones. */
  upload() {
    return this.page.evaluate(async () => {
      const { uppy } = /** @type {any} */ (window);
      /** @type {{ succeeded: string[], failed: string[] }} */
      const result = { succeeded: [], failed: [] };
      uppy.on("upload-success", (/** @type {any} */ _, /** @type {any} */ { uploadURL }) => result.succeeded.push(uploadURL));
      uppy.on("upload-error", (/** @type {any} */ _, /** @type {Error} */ error) => result.failed.push(error.message));
      await uppy.upload();
      return result;
    });
  }

  async cancel() {
    await this.page.evaluate(() => /** @type {any} */ (window).uppy.cancelAll());
  }
}
