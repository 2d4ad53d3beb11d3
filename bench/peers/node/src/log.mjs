// One log line for each request, with its metrics in CloudWatch's embedded metric format (docs/LOGGING.md).
import { used } from "./aws.mjs";
import { hashing } from "./password.mjs";

let coldStarts = 1;

/** Writes the line of a request. */
export function logRequest({ requestId, routeKey }, { statusCode }, startedAt) {
  const now = Date.now();
  const metrics = {
    Latency: now - startedAt,
    ColdStarts: coldStarts,
    ServerErrors: statusCode >= 500 ? 1 : 0,
    SignIns: statusCode === 200 ? 1 : 0,
    SignInsRefused: statusCode === 401 ? 1 : 0,
    ReadUnits: used.readUnits,
    WriteUnits: used.writeUnits,
    HashMilliseconds: Math.round(hashing.milliseconds * 1000) / 1000,
  };
  const counted = Object.entries(metrics).filter(([name, value]) => value > 0 || name === "Latency");
  const Metrics = counted.map(([Name]) => (Name === "HashMilliseconds" ? { Name, Unit: "Milliseconds" } : { Name }));
  const CloudWatchMetrics = [{ Namespace: process.env.METRICS_NAMESPACE, Dimensions: [[]], Metrics }];
  const line = {
    id: requestId,
    route: routeKey,
    ...(statusCode !== 200 && { status: statusCode }),
    calls: used.calls,
    ...Object.fromEntries(counted),
    _aws: { Timestamp: now, CloudWatchMetrics },
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  Object.assign(used, { calls: 0, readUnits: 0, writeUnits: 0 });
  hashing.milliseconds = 0;
  coldStarts = 0;
}
