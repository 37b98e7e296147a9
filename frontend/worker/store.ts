/** Where the worker keeps things: tables of values by key, in IndexedDB; tests put a map in its place. */
import { Failure } from "./failure.ts";

export const TABLES = ["meta", "keys", "peers", "texts", "counters", "places", "outbox", "drafts"] as const;
export type Table = (typeof TABLES)[number];
export type Key = string | readonly (string | number)[];

export interface Store {
  get<T>(table: Table, key: Key): Promise<T | undefined>;
  put(table: Table, key: Key, value: unknown): Promise<void>;
  /** Replaces a value in one transaction, also against other tabs; `change` must not wait for anything. */
  update<T>(table: Table, key: Key, change: (old: T | undefined) => T): Promise<T>;
  remove(table: Table, key: Key): Promise<void>;
  list<T>(table: Table): Promise<T[]>;
  /** Deletes everything, in all tabs. The next call begins with empty tables. */
  wipe(): Promise<void>;
}

const VERSION = 1;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(storageFailure(request.error));
  });
}

const storageFailure = (error: unknown): Failure =>
  new Failure("storage", `This browser's database refused: ${error instanceof Error ? error.message : "no reason given"}`);

export class DatabaseStore implements Store {
  readonly #name: string;
  #opening: Promise<IDBDatabase> | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  get<T>(table: Table, key: Key): Promise<T | undefined> {
    return this.#with(table, "readonly", (rows) => rows.get(key as IDBValidKey) as IDBRequest<T | undefined>);
  }

  async put(table: Table, key: Key, value: unknown): Promise<void> {
    await this.update(table, key, () => value);
  }

  async update<T>(table: Table, key: Key, change: (old: T | undefined) => T): Promise<T> {
    const transaction = await this.#begin(table, "readwrite");
    const rows = transaction.objectStore(table);
    const value = change((await settled(rows.get(key as IDBValidKey))) as T | undefined);
    rows.put(value, key as IDBValidKey);
    await finished(transaction);
    return value;
  }

  async remove(table: Table, key: Key): Promise<void> {
    const transaction = await this.#begin(table, "readwrite");
    transaction.objectStore(table).delete(key as IDBValidKey);
    await finished(transaction);
  }

  list<T>(table: Table): Promise<T[]> {
    return this.#with(table, "readonly", (rows) => rows.getAll() as IDBRequest<T[]>);
  }

  async wipe(): Promise<void> {
    (await this.#opening)?.close();
    this.#opening = null;
    await settled(indexedDB.deleteDatabase(this.#name));
  }

  async #with<T>(table: Table, mode: IDBTransactionMode, ask: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return settled(ask((await this.#begin(table, mode)).objectStore(table)));
  }

  async #begin(table: Table, mode: IDBTransactionMode): Promise<IDBTransaction> {
    // Strict: what was said to be stored must survive a crash of the machine, above all keys and the outbox.
    try {
      return (await this.#open()).transaction(table, mode, { durability: mode === "readwrite" ? "strict" : "default" });
    } catch (error) {
      throw error instanceof Failure ? error : storageFailure(error);
    }
  }

  #open(): Promise<IDBDatabase> {
    this.#opening ??= this.#connect();
    this.#opening.catch(() => (this.#opening = null));
    return this.#opening;
  }

  async #connect(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, VERSION);
    request.onupgradeneeded = () => {
      for (const table of TABLES) request.result.createObjectStore(table);
    };
    const database = await settled(request);
    const forget = (): void => void (this.#opening = null);
    // Another tab wipes or upgrades: holding on would block it for ever.
    database.onversionchange = () => {
      database.close();
      forget();
    };
    database.onclose = forget;
    return database;
  }
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(storageFailure(transaction.error));
  });
}
