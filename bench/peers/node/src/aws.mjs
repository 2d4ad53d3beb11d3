// The clients of AWS, created at init, and a count of what they do for the log line of the request.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SSMClient } from "@aws-sdk/client-ssm";

// The region, the credentials and the endpoints come from the variables that Lambda sets.
const settings = {
  region: process.env.AWS_REGION,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    sessionToken: process.env.AWS_SESSION_TOKEN,
  },
  maxAttempts: 6,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000 },
};
const dynamodb = new DynamoDBClient(settings);
const ssm = new SSMClient(settings);

/** Requests to AWS and capacity units since the last log line. */
export const used = { calls: 0, readUnits: 0, writeUnits: 0 };

/** Sends a command to Parameter Store. */
export function parameterStore(command) {
  used.calls += 1;
  return ssm.send(command);
}

/** Sends a read to DynamoDB. */
export async function read(Command, input) {
  const output = await table(Command, input);
  used.readUnits += output.ConsumedCapacity?.CapacityUnits ?? 0;
  return output;
}

/** Sends a write to DynamoDB. Returns nothing if its condition does not hold. */
export async function write(Command, input) {
  try {
    const output = await table(Command, input);
    used.writeUnits += output.ConsumedCapacity?.CapacityUnits ?? 0;
    return output;
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException") throw error;
    // DynamoDB does not report it, but bills a failed condition as a write.
    used.writeUnits += 1;
    return undefined;
  }
}

function table(Command, input) {
  used.calls += 1;
  return dynamodb.send(new Command({ ...input, ReturnConsumedCapacity: "TOTAL" }));
}
