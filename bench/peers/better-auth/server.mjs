// Better Auth with e-mail and password, in front of SQLite, on node:http.
//
//   DATABASE     the file of the database; by default it is in memory
//   BCRYPT_COST  hashes passwords with bcrypt at this cost; without it with Better Auth's default, scrypt
//
// Prints `listening PORT`. `GET /cpu` returns the CPU time of the process in microseconds.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import bcrypt from "bcrypt";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const { BCRYPT_COST, DATABASE = ":memory:" } = process.env;

const bcryptHasher = BCRYPT_COST && {
  hash: (password) => bcrypt.hash(password, Number(BCRYPT_COST)),
  verify: ({ hash, password }) => bcrypt.compare(password, hash),
};

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();

const database = new Database(DATABASE);
database.pragma("journal_mode = WAL");
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString("base64url"),
  database,
  emailAndPassword: { enabled: true, ...(bcryptHasher && { password: bcryptHasher }) },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const authenticate = toNodeHandler(auth);

server.on("request", (request, response) => {
  if (request.url !== "/cpu") {
    authenticate(request, response);
    return;
  }
  const { user, system } = process.cpuUsage();
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ user_us: user, system_us: system }));
});
console.log(`listening ${port}`);
