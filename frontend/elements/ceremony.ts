// Making, restoring and replacing keys: what the worker does, what the server asks for, in the one right order.
import { api, type WireOwnKeys } from "./api.ts";
import type { CryptoClient } from "./crypto-client.ts";
import { alone, keyring, keysChanged, refreshKeyring } from "./keyring.ts";

interface Challenge {
  readonly challenge: string;
  readonly sign_challenge: string;
  readonly encrypt_challenge: string;
}

type Published = Awaited<ReturnType<CryptoClient["generate"]>>;

export type Told = (words: string) => void;

/** What members recognise the browser by in their list. */
export function browserName(agent: string = navigator.userAgent): string {
  const find = (names: readonly (readonly [RegExp, string])[]): string => names.find(([pattern]) => pattern.test(agent))?.[1] ?? "";
  const browser = find([[/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/Safari\//, "Safari"]]);
  const system = find([[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]]);
  return [browser || "Browser", system].filter(Boolean).join(" on ");
}

/** Shows the server that this browser holds the private halves, and only then keeps them. */
async function publish(box: CryptoClient, keys: Published, tell: Told, replace: boolean): Promise<void> {
  tell("Showing the server that they are yours…");
  const challenge = await api<Challenge>("POST", "/keys/challenge", {
    encrypt_spki: keys.encryptSpki,
    sign_spki: keys.signSpki,
    key_set: keys.keySet,
    device: keys.device,
  });
  const { signature, decrypted } = await box.prove(challenge.sign_challenge, challenge.encrypt_challenge);
  const answer = { challenge: challenge.challenge, signature, decrypted, label: browserName() };
  await api("POST", "/keys", replace ? { ...answer, replace: true } : answer);
  tell("Keeping them in this browser…");
  await box.activate();
  await keysChanged();
}

/** The member's first keys. Another tab that was quicker wins; then nothing is made here. */
export function makeKeys(tell: Told): Promise<void> {
  return alone(async () => {
    const { box, published } = await refreshKeyring();
    if (published) return;
    tell("Making your keys…");
    await publish(box, await box.generate(({ step, of }) => tell(`Making your keys… ${step} of ${of}`)), tell, false);
  });
}

/** New keys in place of published ones, which keep opening what was sealed to them in browsers that hold them. */
export function replaceKeys(tell: Told): Promise<void> {
  return alone(async () => {
    const { box } = await refreshKeyring();
    tell("Making new keys…");
    await publish(box, await box.generate(({ step, of }) => tell(`Making new keys… ${step} of ${of}`)), tell, true);
  });
}

/** The published keys out of a recovery file, into this browser. Rejects with `CryptoError` or `ApiProblem`. */
export function restoreKeys(pem: string, passphrase: string, tell: Told): Promise<void> {
  return alone(async () => {
    const { box, published } = await refreshKeyring();
    tell("Opening the file…");
    await publish(box, await box.importRecovery(pem, passphrase, published), tell, false);
  });
}

/** The member proved to have the file: from now on this browser cannot hand the keys out again. */
export async function recoveryProven(): Promise<void> {
  await api("POST", "/keys/recovery", { tested: true });
  await (await keyring()).box.dropRecovery();
  await keysChanged();
}

export async function remindLater(days: 1 | 7): Promise<void> {
  await api("POST", "/keys/recovery", { remind_in_days: days });
  await keysChanged();
}
