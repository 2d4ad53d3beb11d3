// The keys that sign access tokens: private keys from Parameter Store, their public halves from a table.
import { createPrivateKey, createPublicKey } from "node:crypto";

import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { GetParametersByPathCommand } from "@aws-sdk/client-ssm";

import { parameterStore, read } from "./aws.mjs";

const { PARAMETER_PATH, PUBLIC_KEYS_TABLE } = process.env;
const LIFETIME = Number(process.env.PARAMETER_CACHE_SECONDS) * 1000;

let keys;
let readAgainAt = 0;

/** Returns the keys, oldest first. Reads them again after their lifetime, and keeps the last ones if that fails. */
export async function loadKeys() {
  if (Date.now() < readAgainAt) return keys;
  try {
    keys = await readKeys();
    readAgainAt = Date.now() + LIFETIME;
  } catch (error) {
    if (!keys) throw error;
    console.error(JSON.stringify({ message: "keys_not_read", error: error.message }));
  }
  return keys;
}

/** Returns the key in force: the newest that signs already. */
export function currentKey(all, now) {
  const key = all.findLast(({ from }) => from <= now);
  if (!key) throw new Error("no signing key is in force yet");
  return key;
}

async function readKeys() {
  const [parameters, published] = await Promise.all([readParameters(), readPublished()]);
  if (parameters.length === 0) throw new Error("there are no signing keys");
  return parameters.map((text) => parse(text, published)).sort((one, other) => one.from - other.from);
}

async function readParameters() {
  const values = [];
  let NextToken;
  do {
    const page = await parameterStore(
      new GetParametersByPathCommand({ Path: PARAMETER_PATH, Recursive: true, WithDecryption: true, NextToken }),
    );
    values.push(...page.Parameters.map(({ Value }) => Value));
    NextToken = page.NextToken;
  } while (NextToken);
  return values;
}

async function readPublished() {
  const { Items } = await read(ScanCommand, { TableName: PUBLIC_KEYS_TABLE });
  return new Map(Items.map(({ kid, value }) => [kid.S, JSON.parse(value.S)]));
}

/** Parses a private key, whose public half must be published: nothing else could verify its tokens. */
function parse(text, published) {
  const { kid, alg, key, nbf } = JSON.parse(text);
  const secret = createPrivateKey({ key: Buffer.from(key, "base64url"), format: "der", type: "pkcs8" });
  const half = createPublicKey(secret).export({ format: "jwk" });
  const shown = published.get(kid);
  if (shown?.alg !== alg || Object.keys(half).some((name) => half[name] !== shown[name])) {
    throw new Error(`the public half of the key ${kid} is not published`);
  }
  return { kid, alg, secret, from: nbf };
}
