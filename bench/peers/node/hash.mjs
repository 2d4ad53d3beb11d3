// Hashes each line of standard input with the npm package bcrypt and prints the duration, as bench/bcrypt does.
import readline from "node:readline";

import bcrypt from "bcrypt";

// The value does not matter: "sixteen bytes of" in bcrypt's base64.
const SALT = "a0j2bETjZg/gcVPjaw/tXe";

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [, cost, password] = line.match(/^(\d+) (.*)$/);
  const started = process.hrtime.bigint();
  const hash = bcrypt.hashSync(password, `$2b$${cost.padStart(2, "0")}$${SALT}`);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log(`${seconds} ${hash}`);
}
