// Uses every export of the package, and every member of its classes, as an application would. The types are checked, and
// exports.test.js checks that nothing is missing.
import {
  Admin,
  Cloakroom,
  CloakroomError,
  Library,
  MemoryStorage,
  Orders,
  Pages,
  Products,
  StorageError,
  Upload,
  Uploads,
  Webhooks,
} from "cloakroom";
import type {
  Cancellable,
  Checkout,
  CloakroomOptions,
  CreateProductRequest,
  CreateWebhookRequest,
  DeviceSession,
  Download,
  FieldProblem,
  Grantee,
  LibraryEntry,
  LibraryFile,
  LibraryProduct,
  ListOptions,
  ListedUpload,
  ManagedUser,
  Money,
  Order,
  OrderWithCheckout,
  Page,
  Product,
  ProductFile,
  Profile,
  ProfileChanges,
  Progress,
  ReadGrant,
  Redelivery,
  RetryPolicy,
  RotatedWebhookSecret,
  SessionReason,
  SessionState,
  Sharer,
  SignUpRequest,
  StorageLike,
  StoredUpload,
  UnfinishedUpload,
  UpdateProductRequest,
  UpdateUserRequest,
  UpdateWebhookRequest,
  UploadGrant,
  UploadListOptions,
  UploadLock,
  UploadOptions,
  UploadState,
  UploadUsage,
  UploadVersion,
  UploadWithDownload,
  User,
  UserExport,
  VersionedProduct,
  VersionedUser,
  VersionedWebhookEndpoint,
  WebhookAttempt,
  WebhookDelivery,
  WebhookDeliveryListOptions,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
} from "cloakroom";
import { CloakroomProvider, useCloakroom, useSession, useUpload, useUploads } from "cloakroom/react";
import type { SessionHook, UploadHook, UploadsHook, UploadsOptions } from "cloakroom/react";

const storage: StorageLike = new MemoryStorage();
const retry: Partial<RetryPolicy> = { attempts: 3 };
const options: CloakroomOptions = { baseUrl: "http://127.0.0.1:3000", storage, retry };
export const client = new Cloakroom(options);

export async function session({ signal }: Cancellable): Promise<void> {
  const remove: () => void = client.onSessionChange((state: SessionState) => {
    const reason: SessionReason | null = state.reason;
    console.log(client.baseUrl, client.session.status, reason);
  });
  const profile: Profile = { city: "London" };
  const account: SignUpRequest = { email: "ada@example.com", password: "analytical engine", name: "Ada", profile };
  const created: User | null = await client.signUp(account, { signal: signal! });
  await client.verifyEmail("token", "analytical engine");
  await client.forgotPassword("ada@example.com");
  await client.resetPassword("token", "difference engine");
  const user: User = await client.signIn("ada@example.com", "analytical engine");
  const changes: UpdateUserRequest = { profile: { city: null } satisfies ProfileChanges };
  const me: VersionedUser = await client.me();
  await client.updateMe(changes, { ifMatch: me.etag });
  const token: string = await client.accessToken();
  const list: ListOptions = { limit: 10 };
  const exported: UserExport = await client.exportMe();
  console.log(exported.user.emailVerifiedAt, exported.library.length);
  for await (const device of client.sessions(list)) await client.endSession((device satisfies DeviceSession).id);
  const others: Pages<User> = client.users();
  for await (const page of others.pages()) console.log((page satisfies Page<User>).next);
  const first: Page<User> = await others.page();
  const same: User = await client.user(user.id);
  const keys: JsonWebKey[] = (await client.jwks()).keys;
  const issuer: string = (await client.openidConfiguration()).issuer;
  console.log(created, token, first.items.length, same.name, keys, issuer, (await client.restore()).status);
  await client.changePassword("analytical engine", "difference engine");
  await client.signOut({ everywhere: true });
  await client.deleteMe("difference engine");
  remove();
}

export async function uploads(file: File): Promise<void> {
  const files: Uploads = client.uploads;
  const settings: UploadOptions = { parallel: 2, onProgress: ({ loaded, total }: Progress) => console.log(loaded / total) };
  const upload: Upload = await files.create(file, settings);
  upload.addEventListener("statechange", () => console.log(upload.state satisfies UploadState, upload.progress, upload.error));
  upload.pause();
  upload.resume();
  console.log(upload.id, upload.filename, upload.size, files.singlePutBytes);
  const stored: StoredUpload = await upload.done;
  await upload.abort();
  const unfinished: UnfinishedUpload | undefined = (await files.resumable())[0];
  if (unfinished) files.resume(unfinished, file);
  for await (const each of files.list()) console.log(each.size ?? 0);
  const found: UploadWithDownload = await files.get(stored.id);
  const download: Download | undefined = found.download;
  for await (const part of files.parts(stored.id)) console.log(part.partNumber);
  for await (const version of files.versions(stored.id)) await files.restore(stored.id, (version satisfies UploadVersion).versionId);
  const lock: UploadLock = await files.lock(stored.id, new Date(), { password: "analytical engine" });
  const usage: UploadUsage = await files.usage();
  const reader: Grantee = { email: "grace@example.com" };
  await files.grant(stored.id, "everyone");
  await files.grant(stored.id, reader);
  for await (const grant of files.grants(stored.id)) await files.revoke(stored.id, grant satisfies ReadGrant);
  const withMe: UploadListOptions = { shared: "with-me", limit: 10 };
  for await (const each of files.list(withMe)) {
    const sharer: Sharer | undefined = (each satisfies ListedUpload).sharedBy;
    console.log(sharer?.id, sharer?.name ?? "a deleted account", each.sharedAt);
  }
  const grant: UploadGrant = await files.createUploadGrant();
  console.log(download?.url, lock.lockedUntil, usage.quota - usage.used, grant.companionEndpoint);
  await files.delete(stored.id);
}

export async function administration(): Promise<void> {
  const products: Products = client.products;
  const price: Money = { amount: 499, currency: "EUR" };
  const created: CreateProductRequest = { title: "Tea", price, files: ["f1"] };
  const draft: Product = await products.create(created);
  const changes: UpdateProductRequest = { description: null };
  const changed: VersionedProduct = await products.update(draft.id, changes, { ifMatch: '"1"' });
  await products.publish(changed.product.id);
  const sold: ProductFile | undefined = (await products.get(draft.id)).product.files[0];
  console.log(sold?.filename);
  for await (const product of products.list({ limit: 10 })) console.log(product.price.amount);
  for await (const product of products.own()) if (product.status === "published") await products.archive(product.id);
  const library: Library = client.library;
  for await (const entry of library.list()) console.log(entry.grantedAt);
  const entry: LibraryEntry = await library.get(draft.id);
  const bought: LibraryProduct = entry.product;
  const downloads: LibraryFile[] = entry.files;
  console.log(bought.title, downloads.length);
  await client.admin.giveProduct("u1", draft.id);
  await client.admin.takeBackProduct("u1", draft.id);

  const admin: Admin = client.admin;
  for await (const user of admin.users({ email: "ada@example.com" })) console.log(user.id);
  for await (const user of admin.users({ name: "ad", limit: 10 })) console.log(user.name);
  for await (const user of admin.users()) {
    const managed: ManagedUser = await admin.user(user.id);
    if (managed.status === "active") await admin.disableUser(user.id);
    await admin.enableUser(user.id);
    await admin.setRoles(user.id, ["admin"]);
    await admin.allowMail(user.id);
    await admin.deleteUser(user.id);
  }
}

export async function shop(productId: string): Promise<string | null> {
  const orders: Orders = client.orders;
  const { order, checkout }: OrderWithCheckout = await orders.create(productId);
  const payment: Checkout | null = checkout;
  if (payment) return payment.url;
  for await (const each of orders.list({ limit: 10 })) if (each.status === "pending") await orders.cancel(each.id);
  const paid: Order = await orders.get(order.id, { refresh: true });
  const refunded: Order = await client.admin.refundOrder(paid.id, { amount: 100 });
  return refunded.paidAt ?? null;
}

export async function receivers(): Promise<void> {
  const webhooks: Webhooks = client.webhooks;
  const request: CreateWebhookRequest = { url: "https://hooks.example.com/cloakroom", eventTypes: ["order.paid"] };
  const { endpoint, secret }: WebhookEndpointWithSecret = await webhooks.create(request);
  const changes: UpdateWebhookRequest = { eventTypes: null, enabled: true };
  const { etag }: VersionedWebhookEndpoint = await webhooks.get(endpoint.id);
  await webhooks.update(endpoint.id, changes, { ifMatch: etag });
  for await (const each of webhooks.list()) console.log((each satisfies WebhookEndpoint).disabledReason);
  const rotated: RotatedWebhookSecret = await webhooks.rotateSecret(endpoint.id);
  const sent: WebhookDelivery = await webhooks.test(endpoint.id);
  const failed: WebhookDeliveryListOptions = { status: "failed", limit: 10 };
  for await (const { attempts } of webhooks.deliveries(endpoint.id, failed)) {
    const last: WebhookAttempt | undefined = attempts.at(-1);
    console.log(last?.status ?? last?.failure);
  }
  await webhooks.redeliver(endpoint.id, { deliveryId: sent.id });
  const again: Redelivery = await webhooks.redeliver(endpoint.id, { since: new Date(0) });
  console.log(secret, rotated.previousSecretExpiresAt, again.count, again.isComplete);
  await webhooks.delete(endpoint.id);
}

export function describe(error: unknown): string {
  if (error instanceof StorageError) return error.reason;
  if (!(error instanceof CloakroomError)) return "";
  const problem: FieldProblem | null = error.field("/email");
  return problem?.detail ?? `${error.status} ${error.code} ${error.requestId} ${error.retryAfter} ${error.attempts}`;
}

function Files(props: UploadsOptions) {
  const session: SessionHook = useSession();
  const upload: UploadHook = useUpload();
  const files: UploadsHook = useUploads(props);
  const api: Cloakroom = useCloakroom();
  return (
    <form onSubmit={() => session.signIn("ada@example.com", "analytical engine")}>
      {api.baseUrl} {session.status} {session.user?.name} {session.reason} {session.error?.message} {session.isPending}
      <button onClick={() => session.signUp({ email: "", password: "", name: "" })} />
      <button onClick={() => session.signOut()} onFocus={session.restore} />
      <input type="file" onChange={(event) => event.target.files?.[0] && upload.start(event.target.files[0])} />
      <progress value={upload.progress?.loaded} max={upload.progress?.total} />
      {upload.state} {upload.filename} {upload.upload?.id} {upload.error?.message}
      <button onClick={upload.pause} onFocus={upload.resume} onBlur={upload.cancel} onAbort={upload.reset} />
      {files.uploads.map((file) => <button key={file.id} onClick={() => files.remove(file.id)} title={file.sharedBy?.id} />)}
      {files.hasMore && !files.isLoading && <button onClick={files.loadMore} onFocus={files.refresh} />} {files.error?.code}
    </form>
  );
}

export const App = () => (
  <CloakroomProvider client={client}>
    <Files limit={10} statuses={["stored"]} />
    <Files shared="with-me" />
  </CloakroomProvider>
);
