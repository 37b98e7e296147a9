// What a contradiction in the ledger itself means, in words.
import type { LedgerAlarm } from "../worker/protocol.ts";

export const ALARMS: Record<LedgerAlarm, string> = {
  rollback: "The ledger is shorter than when this browser last saw it: entries were taken back.",
  fork: "The ledger shows another history than the one this browser saw.",
  key_changed: "The ledger is signed with another key than before.",
  bad_signature: "The signature of the ledger is wrong.",
  bad_checkpoint: "The checkpoint of the ledger cannot be read.",
};
