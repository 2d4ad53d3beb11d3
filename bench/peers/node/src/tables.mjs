// The requests to the tables, with the same items as the function `signin` (shared/store).
import { randomInt, randomUUID } from "node:crypto";

import { GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

import { read, write } from "./aws.mjs";

const { CREDENTIALS_TABLE, LIMITS_TABLE, SESSIONS_TABLE, USERS_TABLE } = process.env;

const DECOYS = 64;
const FREE_GUESSES = 5;
const LONGEST_WAIT_SECONDS = 15 * 60;

/** Opens the connection ahead of the first request, by a read of a key that no item has. */
export const warmUp = () => read(GetItemCommand, { TableName: CREDENTIALS_TABLE, Key: { email: { S: "-" } } });

/** Counts a request, and returns how many there were in its window. */
export async function countRequest(id, expiresAt) {
  const { Attributes } = await write(UpdateItemCommand, {
    TableName: LIMITS_TABLE,
    Key: { id: { S: id } },
    UpdateExpression: "SET expires_at = :expires_at ADD #count :one",
    ExpressionAttributeNames: { "#count": "count" },
    ExpressionAttributeValues: { ":expires_at": { N: `${expiresAt}` }, ":one": { N: "1" } },
    ReturnValues: "UPDATED_NEW",
  });
  return Number(Attributes.count.N);
}

/** Reads the credential of an address. */
export async function findCredential(email) {
  const { Item } = await read(GetItemCommand, {
    TableName: CREDENTIALS_TABLE,
    Key: { email: { S: email } },
    ConsistentRead: true,
  });
  return (
    Item && {
      userId: Item.user_id.S,
      hash: Item.hash.S,
      roles: Item.roles?.SS ?? [],
      isActive: Item.status.S === "active",
      epoch: Item.session_epoch.N,
      failures: Number(Item.failures?.N ?? 0),
      lockedUntil: Number(Item.locked_until?.N ?? 0),
    }
  );
}

/** Reads a user, as the API shows users to themselves. */
export async function findUser(id) {
  const { Item } = await read(GetItemCommand, { TableName: USERS_TABLE, Key: { id: { S: id } }, ConsistentRead: true });
  if (!Item) return undefined;
  const { first_name, last_name, city, age } = Item.profile.M;
  return {
    id,
    email: Item.email.S,
    name: Item.name.S,
    // JSON has no members for values that are undefined.
    profile: { firstName: first_name?.S, lastName: last_name?.S, city: city?.S, age: age && Number(age.N) },
    roles: Item.roles?.SS ?? [],
    createdAt: Item.created_at.S,
    updatedAt: Item.updated_at.S,
  };
}

/** Counts a wrong password. From the fifth on, it locks the account: for a second, then twice as long each time. */
export function recordFailure(email, { userId, failures }, now) {
  const doublings = failures + 1 - FREE_GUESSES;
  const until = doublings >= 0 ? now + Math.min(2 ** doublings, LONGEST_WAIT_SECONDS) * 1000 : undefined;
  return countFailure(email, userId, {
    condition: "user_id = :owner AND (attribute_not_exists(locked_until) OR locked_until <= :now)",
    values: { ":now": { N: `${now}` } },
    until,
  });
}

/** Writes as much for an unknown address or a locked account, to an item that belongs to no account. */
export function recordDecoyAttempt(userId) {
  return countFailure(`decoy#${randomInt(DECOYS)}`, userId, {
    condition: "NOT user_id = :owner AND attribute_not_exists(locked_until)",
  });
}

/** Adds a failure. With `write_id`, a retry after a lost response does not add another. */
function countFailure(email, userId, { condition, values = {}, until }) {
  return write(UpdateItemCommand, {
    TableName: CREDENTIALS_TABLE,
    Key: { email: { S: email } },
    UpdateExpression:
      "SET failures = if_not_exists(failures, :zero) + :one, write_id = :write_id" +
      (until ? ", locked_until = :until" : ""),
    ConditionExpression: `${condition} AND NOT write_id = :write_id`,
    ExpressionAttributeValues: {
      ...values,
      ":owner": { S: userId },
      ":zero": { N: "0" },
      ":one": { N: "1" },
      ":write_id": { S: randomUUID() },
      ...(until && { ":until": { N: `${until}` } }),
    },
  });
}

/** Forgets the wrong passwords, after the right one. */
export function clearFailures(email, { userId }) {
  return write(UpdateItemCommand, {
    TableName: CREDENTIALS_TABLE,
    Key: { email: { S: email } },
    UpdateExpression: "REMOVE failures, locked_until, write_id",
    ConditionExpression: "user_id = :owner",
    ExpressionAttributeValues: { ":owner": { S: userId } },
  });
}

/** Writes a new session. If it exists, an earlier try wrote it. */
export function putSession({ id, userPart, userId, familyKey, epoch, createdAt, expiresAt }) {
  return write(PutItemCommand, {
    TableName: SESSIONS_TABLE,
    Item: {
      user_part: { S: userPart },
      id: { S: id },
      user_id: { S: userId },
      family_key: { B: familyKey },
      generation: { N: "0" },
      epoch: { N: epoch },
      created_at: { S: createdAt },
      expires_at: { N: `${expiresAt}` },
    },
    ConditionExpression: "attribute_not_exists(id)",
  });
}
