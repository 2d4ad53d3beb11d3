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
 * @property {string} page Where people find the page.
 * @property {string} s3
 * @property {string} outbox The page that shows the mail.
 * @property {Record<string, string>} endpoints The URLs of everything that listens, by name.
 * @property {string} folder Where endpoints.json is.
 * @property {() => Promise<void>} stop
 */

/**
 * The whole system: free ports, in memory, gone with `stop`.
 * @param {string[]} [parameters] Of the template: `Name=value`.
 * @returns {Promise<System>}
 */
export async function startSystem(parameters = []) {
  const folder = await mkdtemp(path.join(tmpdir(), "cloakroom-e2e-"));
  // Hashes of the real cost would be most of the time that the tests take.
  const set = ["BcryptCost=4", ...parameters].flatMap((parameter) => ["--parameter", parameter]);
  const options = ["--ephemeral", "--port", "0", "--data-dir", folder, ...set];
  const system = spawn(CLOAKROOM, ["dev", ...options], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  /** @type {string[]} */
  const said = [];
  system.stderr.on("data", (text) => said.push(String(text)));
  await new Promise((resolve, reject) => {
    // Reading goes on after the last line that matters, so that what it says later does not fill the pipe.
    createInterface(system.stdout).on("line", (line) => {
      said.push(`${line}\n`);
      if (line.includes("Ctrl-C stops it")) resolve(undefined);
    });
    system.on("error", reject);
    system.on("exit", (code) => reject(new Error(`${CLOAKROOM} ended with ${code}:\n${said.join("")}`)));
  });
  /** @type {Record<string, string>} */
  const written = JSON.parse(await readFile(path.join(folder, "endpoints.json"), "utf8"));
  const endpoints = Object.fromEntries(Object.entries(written).filter(([, value]) => value.startsWith("http:")));
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
