// The REST API as the elements use it: JSON in and out, problems as errors with a code, and no call without an end.
import type { Hex, Millis, Uuid, WireMessage, WireMode } from "../pure/wire.ts";

const TIMEOUT_MS = 20_000;

export interface WireConversation {
  readonly id: Uuid;
  /** What the next message must be. */
  readonly mode: WireMode;
  /** False when nothing can be sent. */
  readonly open: boolean;
  readonly peer: { readonly id: Uuid; readonly handle: string; readonly name: string; readonly gone: boolean };
  readonly last_seq: number;
  readonly read_seq: number;
  readonly peer_read: number;
  readonly peer_delivered: number;
}

/** Messages in ascending order; `next` is null when there are no more in the direction asked for. */
export interface WirePage {
  readonly items: readonly WireMessage[];
  readonly next: unknown;
}

export interface WireAccepted {
  readonly id: Uuid;
  readonly seq: number;
  readonly received_ms: Millis;
}

export interface WireDevice {
  readonly id: Uuid;
  readonly label: string;
}

export interface WireOwnKeys {
  readonly key_set: Uuid;
  readonly generation: number;
  readonly encrypt: { readonly key_id: Hex; readonly spki: string };
  readonly sign: { readonly key_id: Hex; readonly spki: string };
  readonly recovery: { readonly tested_ms: Millis | null; readonly remind_ms: Millis | null };
  readonly devices: readonly WireDevice[];
}

/** What the server refused, or `offline` when it could not be asked. `message` is for a person. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryAfter: number;

  constructor(code: string, status: number, message: string, retryAfter = 0) {
    super(message);
    this.name = "ApiProblem";
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** True when the same request may succeed later without a change. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The problem that a refused frame or response carries (RFC 9457). */
export function problemOf(status: number, body: unknown): ApiProblem {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const code = typeof problem["code"] === "string" ? problem["code"] : `http_${status}`;
  const detail = typeof problem["detail"] === "string" ? problem["detail"] : "The server gave no reason.";
  const wait = typeof problem["retry_after"] === "number" ? problem["retry_after"] : 0;
  return new ApiProblem(code, typeof problem["status"] === "number" ? problem["status"] : status, detail, wait);
}

function offline(error: unknown): ApiProblem {
  const late = error instanceof DOMException && error.name === "TimeoutError";
  return new ApiProblem("offline", 0, late ? "The server did not answer in time." : "There is no connection to the server.");
}

/** The JSON answer of `/api/v1` + path; undefined for an empty one. Rejects with `ApiProblem`. */
export async function api<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
  if (token && method !== "GET") headers["X-CSRFToken"] = token;
  const request: RequestInit = { method, headers, credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body) request.body = JSON.stringify(body);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1${path}`, request);
    text = await response.text();
  } catch (error) {
    throw offline(error);
  }
  let answer: unknown;
  try {
    answer = text ? JSON.parse(text) : undefined;
  } catch {
    throw new ApiProblem(`http_${response.status}`, response.ok ? 502 : response.status, "The answer was not readable.");
  }
  if (!response.ok) {
    const problem = problemOf(response.status, answer);
    // The member confirms on a page of its own and comes back to start again.
    if (problem.code === "confirmation_needed") location.assign(`/confirm?next=${encodeURIComponent(location.pathname)}`);
    throw problem;
  }
  return answer as T;
}
