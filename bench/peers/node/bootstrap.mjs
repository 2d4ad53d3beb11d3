// The runtime of a function: asks the Lambda Runtime API for events, one at a time on one connection, and sends the results
// of the handler. Stands for the Node.js runtime of Lambda, which does the same (bench/peers/README.md).
//
//   AWS_LAMBDA_RUNTIME_API=HOST:PORT node bootstrap.mjs MODULE
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** Sends a request to the Runtime API, and returns the response's headers and text. */
function send(method, resource, body) {
  return new Promise((resolve, reject) => {
    const headers = body ? { "content-type": "application/json", "content-length": Buffer.byteLength(body) } : {};
    const request = http.request({ host, port, method, agent, headers, path: `/2018-06-01/runtime/${resource}` });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve({ headers: response.headers, text }));
      response.on("error", reject);
    });
    request.end(body);
  });
}

function report(resource, { name, message, stack = "" }) {
  return send("POST", resource, JSON.stringify({ errorType: name, errorMessage: message, stackTrace: stack.split("\n") }));
}

async function load(file) {
  try {
    return (await import(pathToFileURL(path.resolve(file)))).handler;
  } catch (error) {
    await report("init/error", error);
    throw error;
  }
}

const handler = await load(process.argv[2]);
for (;;) {
  const { headers, text } = await send("GET", "invocation/next");
  const awsRequestId = headers["lambda-runtime-aws-request-id"];
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const result = await handler(JSON.parse(text), context);
    await send("POST", `invocation/${awsRequestId}/response`, JSON.stringify(result));
  } catch (error) {
    await report(`invocation/${awsRequestId}/error`, error);
  }
}
