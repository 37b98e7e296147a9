// Passkeys in the browser: the JSON of WebAuthn Level 3 to what the API takes, and back. Some browsers that
// know passkeys do not yet have parseRequestOptionsFromJSON and toJSON.
import { fromBase64url, toBase64url } from "../pure/base64url.ts";

interface Descriptor {
  readonly id: string;
  readonly type: "public-key";
}

export interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly allowCredentials?: readonly Descriptor[];
  readonly userVerification?: UserVerificationRequirement;
}

export interface CreationOptions {
  readonly challenge: string;
  readonly rp: PublicKeyCredentialRpEntity;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: PublicKeyCredentialParameters[];
  readonly excludeCredentials?: readonly Descriptor[];
  readonly authenticatorSelection?: AuthenticatorSelectionCriteria;
}

const known = (list: readonly Descriptor[] | undefined): PublicKeyCredentialDescriptor[] =>
  (list ?? []).map(({ id, type }) => ({ id: fromBase64url(id), type }));

const spelled = (buffer: ArrayBuffer): string => toBase64url(new Uint8Array(buffer));

/** Why this browser, here, has no passkeys; empty when it has. */
export function whyNot(): string {
  if (/^[\d.]+$|^\[/.test(location.hostname)) {
    return "Passkeys need an address with a name. Open this site by its name (on your own machine: localhost).";
  }
  if (!isSecureContext) return "Passkeys need an encrypted connection (https).";
  if (!("PublicKeyCredential" in window)) return "This browser does not know passkeys. Use another way.";
  return "";
}

export async function canAutofill(): Promise<boolean> {
  if (whyNot()) return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false;
}

/** A new passkey as JSON for the server. */
export async function makePasskey(options: CreationOptions): Promise<string> {
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: fromBase64url(options.challenge),
      rp: options.rp,
      user: { ...options.user, id: fromBase64url(options.user.id) },
      pubKeyCredParams: options.pubKeyCredParams,
      excludeCredentials: known(options.excludeCredentials),
      ...(options.authenticatorSelection && { authenticatorSelection: options.authenticatorSelection }),
      extensions: { credProps: true },
    },
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return JSON.stringify({
    id: made.id,
    rawId: spelled(made.rawId),
    type: made.type,
    clientExtensionResults: { credProps: made.getClientExtensionResults().credProps ?? {} },
    response: {
      clientDataJSON: spelled(response.clientDataJSON),
      attestationObject: spelled(response.attestationObject),
    },
  });
}

/** The answer of a passkey as JSON for the server. With `autofill` the browser offers it in a text field. */
export async function askPasskey(options: RequestOptions, signal: AbortSignal, autofill = false): Promise<string> {
  const found = (await navigator.credentials.get({
    publicKey: {
      challenge: fromBase64url(options.challenge),
      rpId: options.rpId,
      allowCredentials: known(options.allowCredentials),
      ...(options.userVerification && { userVerification: options.userVerification }),
    },
    signal,
    ...(autofill && { mediation: "conditional" as const }),
  })) as PublicKeyCredential;
  const response = found.response as AuthenticatorAssertionResponse;
  return JSON.stringify({
    id: found.id,
    rawId: spelled(found.rawId),
    type: found.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: spelled(response.clientDataJSON),
      authenticatorData: spelled(response.authenticatorData),
      signature: spelled(response.signature),
      userHandle: response.userHandle ? spelled(response.userHandle) : null,
    },
  });
}

/** What to tell a person about a ceremony that ended without a passkey. */
export function reason(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "Nothing was confirmed: it was cancelled or took too long. You can try again.";
  if (name === "InvalidStateError") return "This device has a passkey for your account already.";
  if (name === "SecurityError") return "The browser refuses passkeys at this address.";
  if (error instanceof TypeError) return "There is no connection to the server. Try again in a moment.";
  return "The browser could not use a passkey. Try again, or use another way.";
}
