import type { ErrorCode } from "./protocol.ts";

/** A refusal that the page is told by its code. */
export class Failure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "Failure";
    this.code = code;
  }
}
