// Compares the client's types with docs/openapi.json, from which `openapi-typescript` generates generated/api.ts. The client's
// types may only be narrower in one way: a union of strings where the document has a string.
import type { FieldProblem } from "../cloakroom/errors.js";
import type * as client from "../cloakroom/types.js";
import type { components } from "./generated/api.js";

type Schemas = components["schemas"];

/** The client's type of each schema. */
interface Contract {
  Checkout: client.Checkout;
  CreateThumbnail: client.CreateThumbnail;
  CreateUploadGrantResponse: client.UploadGrant;
  CreateUploadResponse: client.CreateUploadResponse;
  Download: client.Download;
  ExportedRight: client.ExportedRight;
  ExportedUpload: client.ExportedUpload;
  ExportedUser: client.ExportedUser;
  FieldError: FieldProblem;
  GetUploadUsageResponse: client.UploadUsage;
  ListedUpload: client.ListedUpload;
  LockUploadResponse: client.UploadLock;
  ManagedUser: client.ManagedUser;
  Profile: client.Profile;
  ReadGrant: client.ReadGrant;
  ReceivedPart: client.StoredPart;
  ReceivedUpload: client.ReceivedUpload;
  RightSource: client.RightSource;
  Session: client.DeviceSession;
  SessionTokens: client.Tokens;
  SharedUpload: client.SharedUpload;
  Sharer: client.Sharer;
  SignedPart: client.SignedPart;
  SignUpProfile: client.ProfileChanges;
  SignUpRequest: client.SignUpRequest;
  ThumbnailTransfer: client.ThumbnailTransfer;
  Transfer: client.SinglePut | client.Multipart;
  UpdateUserProfile: client.ProfileChanges;
  UpdateUserRequest: client.UpdateUserRequest;
  CreateProductRequest: client.CreateProductRequest;
  CreateWebhookRequest: client.CreateWebhookRequest;
  CreateWebhookResponse: client.WebhookEndpointWithSecret;
  UpdateProductRequest: client.UpdateProductRequest;
  UpdateWebhookRequest: client.UpdateWebhookRequest;
  Upload: client.StoredUpload;
  LibraryEntry: client.LibraryEntry;
  LibraryFile: client.LibraryFile;
  LibraryProduct: client.LibraryProduct;
  MailBlock: client.MailBlock;
  Money: client.Money;
  Order: client.Order;
  Price: client.Money;
  Product: client.Product;
  ProductFile: client.ProductFile;
  RedeliverWebhookResponse: client.Redelivery;
  RoleName: client.RoleName;
  RotateWebhookSecretResponse: client.RotatedWebhookSecret;
  User: client.User;
  Version: client.UploadVersion;
  WebhookAttemptView: client.WebhookAttempt;
  WebhookDeliveryView: client.WebhookDelivery;
  WebhookEndpointView: client.WebhookEndpoint;
}

/** Schemas without a type in the client: test/operations.test.js checks the bodies that it sends, and it unwraps responses. */
type Unwrapped = `${string}Request` | `${string}Response` | `List_${string}` | "CompletedPart" | "Problem" | "Timestamp";
/** The bodies that Uppy sends and receives. */
type Uppys = `Companion${string}`;

/** Replaces string literals by `string`, and intersections by one object type. */
type Widened<T> = T extends string
  ? string
  : T extends (infer Item)[]
    ? Widened<Item>[]
    : T extends object
      ? { [Field in keyof T]: Widened<T[Field]> }
      : T;

type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

type Different = {
  [Name in keyof Contract]: Name extends keyof Schemas
    ? IsSame<Widened<Contract[Name]>, Widened<Schemas[Name]>> extends true ? never : Name
    : Name;
}[keyof Contract];

type Missing = Exclude<keyof Schemas, keyof Contract | Unwrapped | Uppys>;

/** The error of this line names the schemas whose type in cloakroom/types.js is not that of the document. */
const noDifference: [Different] extends [never] ? "none" : Different = "none";
/** The error of this line names the schemas that have no type in the contract. */
const noneMissing: [Missing] extends [never] ? "none" : Missing = "none";
export { noDifference, noneMissing };
