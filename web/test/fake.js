// A fake API and a fake file store for the client's tests: two HTTP servers on free ports that can be told to fail.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {{ status: number, body?: unknown, headers?: Record<string, string> }} Reply
 * @typedef {{ method: string, path: string, query: URLSearchParams, headers: import("node:http").IncomingHttpHeaders,
 *   body: Buffer, json: any, at: number }} Call `at`: when it started, in milliseconds since 1970.
 * @typedef {{ id: string, email: string, password: string, name: string, profile: object, version: number,
 *   createdAt: string }} Account
 * @typedef {{ record: any, ownerId: string, parts: Map<number, Buffer>, bytes: Buffer | null, multipart: boolean }} File_
 */

/** The fake servers with their accounts, sessions and files. */
export class Fake {
  /** Larger files are sent in parts. Bytes. */
  singlePutBytes = 1024;
  partSize = 1024;
  urlSeconds = 900;
  accessSeconds = 900;
  /** Routes that return 404, for example "POST /session/refresh". @type {Set<string>} */
  missing = new Set();
  /** Overrides the API's response when it returns a reply. @type {(call: Call) => Reply | void | Promise<Reply | void>} */
  api = () => {};
  /** Overrides the file store's response when it returns a reply. @type {(call: Call) => Reply | void | Promise<Reply | void>} */
  store = () => {};
  /** The requests received, for example "POST /signin". @type {string[]} */
  calls = [];
  /** @type {Map<string, Account>} */
  accounts = new Map();
  /** @type {Map<string, File_>} */
  files = new Map();
  /** @type {Map<string, { type: string, bytes: Buffer }>} The received thumbnails, by the id of their upload. */
  thumbnails = new Map();
  /** @type {Map<string, string>} Refresh token to account id. */
  sessions = new Map();
  /** @type {Map<string, string>} Access token to account id. */
  access = new Map();
  /** @type {Map<string, Reply>} */
  #replays = new Map();
  /** @type {Map<string, number>} Presigned path to the time it expires. */
  #signed = new Map();
  /** @type {import("node:http").Server[]} */
  #servers = [];
  apiUrl = "";
  storeUrl = "";

  /** @param {{ apiPort?: number, storePort?: number }} [ports] */
  async start({ apiPort = 0, storePort = 0 } = {}) {
    this.apiUrl = await this.#listen(apiPort, (call) => this.#apiReply(call));
    this.storeUrl = await this.#listen(storePort, (call) => this.#storeReply(call));
    return this;
  }

  stop() {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  /** Counts the requests of one kind. @param {string} call For example "POST /signin". @returns {number} */
  count(call) {
    return this.calls.filter((made) => made === call).length;
  }

  /**
   * @param {number} port
   * @param {(call: Call) => Promise<Reply>} answer
   */
  async #listen(port, answer) {
    const server = createServer(async (request, response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      const at = Date.now();
      try {
        for await (const chunk of request) chunks.push(chunk);
      } catch {
        return; // the client closed the connection
      }
      const url = new URL(request.url ?? "/", "http://fake");
      const body = Buffer.concat(chunks);
      const call = { method: request.method ?? "", path: url.pathname, query: url.searchParams, headers: request.headers, body, json: null, at };
      if (request.headers["content-type"] === "application/json" && body.length > 0) call.json = JSON.parse(body.toString());
      const { status, body: content, headers } = call.method === "OPTIONS" ? { status: 204 } : await answer(call);
      const type = status < 400 ? "application/json" : "application/problem+json";
      response.writeHead(status, { "content-type": type, "x-request-id": randomUUID(), ...CORS, ...headers });
      response.end(content === undefined || typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content));
    });
    this.#servers.push(server);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  }

  /** @param {Call} call @returns {Promise<Reply>} */
  async #apiReply(call) {
    const name = `${call.method} ${call.path}`;
    this.calls.push(name);
    const instead = await this.api(call);
    if (instead) return instead;
    if (this.missing.has(name)) return problem(404, "not_found", "The resource was not found.");
    const key = call.headers["idempotency-key"];
    const replay = key && this.#replays.get(`${name} ${key}`);
    if (replay) return replay;
    const reply = this.#route(call);
    if (key && reply.status < 300) this.#replays.set(`${name} ${key}`, reply);
    return reply;
  }

  /** @param {Call} call @returns {Reply} */
  #route(call) {
    const { method, path, json } = call;
    const name = `${method} ${path}`;
    if (name === "POST /signup") return this.#signUp(json);
    if (name === "POST /signin") {
      const person = [...this.accounts.values()].find(({ email, password }) => email === json.email && password === json.password);
      if (!person) return problem(401, "invalid_credentials", "Invalid email or password.");
      return { status: 200, body: { ...this.#tokens(person.id), user: shown(person) } };
    }
    if (name === "POST /session/refresh") {
      const id = this.sessions.get(json.refreshToken);
      if (!id || !this.accounts.has(id)) return problem(401, "session_ended", "The session has ended.");
      this.sessions.delete(json.refreshToken);
      return { status: 200, body: this.#tokens(id) };
    }
    if (name === "POST /signout") {
      this.sessions.delete(json.refreshToken);
      return { status: 204 };
    }
    const me = this.accounts.get(this.access.get(call.headers.authorization?.replace("Bearer ", "") ?? "") ?? "");
    if (!me) return problem(401, "invalid_token", "The access token is missing or invalid.");
    return path.startsWith("/uploads") ? this.#uploads(call, me) : this.#users(call, me);
  }

  /** @param {any} request @returns {Reply} */
  #signUp(request) {
    const errors = [];
    if (!/^\S+@\S+\.\S+$/.test(request.email)) errors.push({ pointer: "/email", code: "invalid_email", detail: "This is not an e-mail address." });
    if (request.password.length < 8) errors.push({ pointer: "/password", code: "password_too_short", detail: "At least 8 characters are required." });
    if (errors.length > 0) return problem(422, "validation_failed", "Some fields are invalid.", { errors });
    if ([...this.accounts.values()].some(({ email }) => email === request.email)) {
      return problem(409, "email_taken", "An account with this e-mail address already exists.");
    }
    const person = { profile: {}, ...request, id: randomUUID(), version: 1, createdAt: new Date().toISOString() };
    this.accounts.set(person.id, person);
    return { status: 201, body: { user: shown(person) } };
  }

  /** @param {Call} call @param {Account} me @returns {Reply} */
  #users({ method, path, query, headers, json }, me) {
    const versioned = () => ({ status: 200, body: { user: shown(me) }, headers: { etag: `"${me.version}"` } });
    switch (`${method} ${path}`) {
      case "GET /users":
        return page([...this.accounts.values()].filter((person) => person !== me).reverse().map(({ id, name, createdAt }) => ({ id, name, roles: [], createdAt, updatedAt: createdAt })), query);
      case "GET /users/me":
        return versioned();
      case "PATCH /users/me":
        if (headers["if-match"] && headers["if-match"] !== `"${me.version}"`) return problem(412, "precondition_failed", "The profile has changed.");
        if (json.profile?.age > 150) return problem(422, "validation_failed", "Some fields are invalid.", { errors: [{ pointer: "/profile/age", code: "invalid_age", detail: "The age must be 0 to 150." }] });
        me.name = json.name ?? me.name;
        me.profile = Object.fromEntries(Object.entries({ ...me.profile, ...json.profile }).filter(([, value]) => value !== null));
        me.version += 1;
        return versioned();
      case "PUT /users/me/password":
        if (json.currentPassword !== me.password) return problem(401, "invalid_credentials", "The password is wrong.");
        me.password = json.newPassword;
        return { status: 204 };
      case "DELETE /users/me":
        if (json.password !== me.password) return problem(401, "invalid_credentials", "The password is wrong.");
        this.accounts.delete(me.id);
        return { status: 204 };
    }
    return problem(404, "not_found", "The resource was not found.");
  }

  /** @param {Call} call @param {Account} me @returns {Reply} */
  #uploads({ method, path, query, json }, me) {
    const [, , id, what] = path.split("/");
    if (!id) return method === "POST" ? this.#create(json, me) : page([...this.files.values()].filter(({ ownerId, record }) => ownerId === me.id && record.status !== "deleted").reverse().map(({ record }) => record), query);
    const file = this.files.get(id);
    if (!file || file.ownerId !== me.id) return problem(404, "not_found", "The upload was not found.");
    switch (`${method} ${what ?? ""}`.trim()) {
      case "GET": {
        const download = file.record.status === "stored" ? { download: { url: this.sign(`/${id}`), expiresAt: this.#until() } } : {};
        return { status: 200, body: { upload: file.record, ...download } };
      }
      case "DELETE":
        file.record.status = "deleted";
        return { status: 204 };
      case "POST parts":
        if (file.record.status !== "pending") return problem(404, "not_found", "The upload was not found.");
        return { status: 200, body: { parts: json.partNumbers.map((/** @type {number} */ partNumber) => ({ partNumber, url: this.sign(`/${id}/${partNumber}`), headers: {}, expiresAt: this.#until() })) } };
      case "GET parts":
        if (file.record.status !== "pending") return problem(404, "not_found", "The upload was not found.");
        return page([...file.parts].sort(([a], [b]) => a - b).map(([partNumber, bytes]) => ({ partNumber, size: bytes.length, etag: tag(bytes) })), query);
      case "POST complete":
        return this.#complete(file, json);
      case "GET versions":
        return page([{ versionId: "v1", size: file.record.size, storedAt: file.record.storedAt, isCurrent: file.record.status === "stored" }], query);
      case "POST restore":
        file.record.status = "stored";
        return { status: 200, body: { upload: file.record } };
      case "PUT lock":
        if ((json.password ?? me.password) !== me.password) return problem(401, "invalid_credentials", "The password is wrong.");
        return { status: 200, body: { upload: file.record, lockedUntil: json.until } };
    }
    return problem(405, "method_not_allowed", "This method is not allowed.");
  }

  /** @param {any} request @param {Account} me @returns {Reply} */
  #create({ filename, contentType, size, sha256, thumbnail }, me) {
    const id = randomUUID();
    const multipart = size > this.singlePutBytes;
    const record = { id, filename, contentType, size, sha256: sha256 ?? null, status: "pending", createdAt: new Date().toISOString(), storedAt: null };
    this.files.set(id, { record, ownerId: me.id, parts: new Map(), bytes: null, multipart });
    const expiresAt = this.#until();
    const transfer = multipart
      ? { method: "MULTIPART", partSize: this.partSize, partCount: Math.ceil(size / this.partSize), expiresAt }
      : { method: "PUT", url: this.sign(`/${id}`), headers: { "content-type": contentType, "content-length": String(size), "if-none-match": "*" }, expiresAt };
    const thumbnailTransfer = thumbnail && { url: this.sign(`/thumbnail-${id}`), headers: { "content-type": thumbnail.contentType }, expiresAt };
    return { status: 201, body: { upload: { ...record }, transfer, thumbnailTransfer } };
  }

  /** @param {File_} file @param {any} request @returns {Reply} */
  #complete(file, request) {
    const { record, parts } = file;
    if (file.multipart && record.status === "pending") {
      const numbers = Array.from({ length: Math.ceil(record.size / this.partSize) }, (_, index) => index + 1);
      /** @type {{ partNumber: number, etag: string }[]} */
      const named = request.parts;
      const right = named.length === numbers.length && named.every(({ partNumber, etag }, index) => partNumber === numbers[index] && tag(parts.get(partNumber) ?? Buffer.alloc(0)) === etag);
      if (!right) return problem(409, "upload_incomplete", "Parts are missing.");
      file.bytes = Buffer.concat(numbers.map((number) => /** @type {Buffer} */ (parts.get(number))));
    }
    if (!file.bytes) return problem(409, "upload_incomplete", "No bytes were uploaded.");
    Object.assign(record, { status: "stored", storedAt: record.storedAt ?? new Date().toISOString() });
    return { status: 200, body: { upload: record } };
  }

  /** Replies as the file store. @param {Call} call @returns {Promise<Reply>} */
  async #storeReply(call) {
    this.calls.push(`${call.method} store${call.path.replace(/^\/[0-9a-f-]+/, "")}`);
    const instead = await this.store(call);
    if (instead) return instead;
    const expires = this.#signed.get(`${call.path}?${call.query}`) ?? 0;
    // A URL must be valid when the request starts, as in S3.
    if (expires < call.at) return xml(403, "AccessDenied");
    const [, id, number] = call.path.split("/");
    if (id.startsWith("thumbnail-")) {
      this.thumbnails.set(id.slice("thumbnail-".length), { type: call.headers["content-type"] ?? "", bytes: call.body });
      return { status: 200 };
    }
    const file = this.files.get(id);
    if (!file) return xml(404, "NoSuchKey");
    if (call.method === "GET") return { status: 200, body: file.bytes ?? "", headers: { "content-type": file.record.contentType } };
    if (file.record.status !== "pending") return xml(404, "NoSuchUpload");
    if (number) file.parts.set(Number(number), call.body);
    else if (file.bytes) return xml(412, "PreconditionFailed");
    else file.bytes = call.body;
    return { status: 200, headers: { etag: tag(call.body) } };
  }

  /** Signs a URL of the file store. @param {string} path */
  sign(path) {
    const signed = `${path}?signature=${randomUUID()}`;
    this.#signed.set(signed, Date.now() + this.urlSeconds * 1000);
    return this.storeUrl + signed;
  }

  #until() {
    return new Date(Date.now() + this.urlSeconds * 1000).toISOString();
  }

  /** @param {string} personId */
  #tokens(personId) {
    const tokens = { accessToken: randomUUID(), tokenType: "Bearer", expiresIn: this.accessSeconds, refreshToken: randomUUID() };
    this.access.set(tokens.accessToken, personId);
    this.sessions.set(tokens.refreshToken, personId);
    return tokens;
  }
}

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
  "access-control-allow-headers": "authorization, content-type, if-match, if-none-match, idempotency-key",
  "access-control-expose-headers": "ETag, Location, Retry-After, X-Request-Id",
};

/** @param {number} status @param {string} code @param {string} detail @param {object} [more] @returns {Reply} */
export function problem(status, code, detail, more = {}) {
  return { status, body: { type: "about:blank", title: code, status, detail, message: detail, code, instance: randomUUID(), ...more } };
}

/** @param {number} status @param {string} code @returns {Reply} */
export function xml(status, code) {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, headers: { "content-type": "application/xml" } };
}

/** @param {unknown[]} all @param {URLSearchParams} query @returns {Reply} */
function page(all, query) {
  const from = Number(query.get("cursor") ?? 0);
  const to = from + Number(query.get("limit") ?? 20);
  return { status: 200, body: { items: all.slice(from, to), next: to < all.length ? String(to) : null } };
}

/** @param {Account} person */
function shown({ id, email, name, profile, createdAt }) {
  return { id, email, name, profile, roles: [], createdAt, updatedAt: createdAt };
}

/** @param {Buffer} bytes */
const tag = (bytes) => `"${createHash("md5").update(bytes).digest("hex")}"`;
