// Verifies passwords on the thread pool of Node.
import bcrypt from "bcrypt";

// bcrypt compares no more bytes.
const MAX_BYTES = 71;
const DECOY_HASH = `$2b$${process.env.BCRYPT_COST.padStart(2, "0")}$Cl0akr00mCl0akr00mCl0uaDecoyPasswordDecoyPasswordDec.`;

/** Milliseconds of hashing since the last log line. */
export const hashing = { milliseconds: 0 };

/** Says whether the password is that of the hash. Without a hash it does the same work, and says no. */
export async function verify(password, hash) {
  const text = password.normalize("NFKC");
  const started = performance.now();
  const matches = await bcrypt.compare(text, hash ?? DECOY_HASH);
  hashing.milliseconds += performance.now() - started;
  return matches && hash !== undefined && Buffer.byteLength(text) <= MAX_BYTES;
}
