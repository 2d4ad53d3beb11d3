import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const ROOT = path.resolve(import.meta.dirname, "../../..");
export const CLOAKROOM = process.env.CLOAKROOM || path.join(ROOT, "target/debug/cloakroom");

/**
 * @typedef {object} System
 * @property {string} api
 * @property {string} page The URL of the page.
 * @property {string} s3
 * @property {string} outbox The URL of the page that lists sent e-mails.
 * @property {Record<string, string>} endpoints The URLs of all services, by name.
 * @property {string} folder The folder of endpoints.json.
 * @property {() => Promise<void>} stop
 */

/**
 * Starts the whole system on free ports, with its data in memory. `stop` ends it.
 * @param {string[]} [parameters] Template parameters as `Name=value`.
 * @returns {Promise<System>}
 */
export async function startSystem(parameters = []) {
  const folder = await mkdtemp(path.join(tmpdir(), "cloakroom-e2e-"));
  // Password hashes with the real cost would take most of the tests' time.
  const set = ["BcryptCost=4", ...parameters].flatMap((parameter) => ["--parameter", parameter]);
  const options = ["--ephemeral", "--port", "0", "--data-dir", folder, ...set];
  const system = spawn(CLOAKROOM, ["dev", ...options], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  /** @type {string[]} */
  const output = [];
  system.stderr.on("data", (text) => output.push(String(text)));
  await new Promise((resolve, reject) => {
    // Keeps reading after startup, so that later output does not fill the pipe.
    createInterface(system.stdout).on("line", (line) => {
      output.push(`${line}\n`);
      if (line.includes("Ctrl-C stops it")) resolve(undefined);
    });
    system.on("error", reject);
    system.on("exit", (code) => reject(new Error(`${CLOAKROOM} ended with ${code}:\n${output.join("")}`)));
  });
  /** @type {Record<string, string>} */
  const written = JSON.parse(await readFile(path.join(folder, "endpoints.json"), "utf8"));
  const endpoints = Object.fromEntries(Object.entries(written).filter(([, value]) => String(value).startsWith("http:")));
  const { api, s3, outbox } = endpoints;
  return {
    api,
    page: api,
    s3,
    outbox,
    endpoints,
    folder,
    async stop() {
      const ended = once(system, "exit");
      system.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
