/** The worker's store in a map, for tests: what IndexedDB does, without a browser. */
import type { Key, Store, Table } from "../worker/store.ts";

export class MemoryStore implements Store {
  readonly #rows = new Map<string, unknown>();

  async get<T>(table: Table, key: Key): Promise<T | undefined> {
    return this.#rows.get(name(table, key)) as T | undefined;
  }

  async put(table: Table, key: Key, value: unknown): Promise<void> {
    this.#rows.set(name(table, key), value);
  }

  async update<T>(table: Table, key: Key, change: (old: T | undefined) => T): Promise<T> {
    const value = change(this.#rows.get(name(table, key)) as T | undefined);
    this.#rows.set(name(table, key), value);
    return value;
  }

  async remove(table: Table, key: Key): Promise<void> {
    this.#rows.delete(name(table, key));
  }

  async list<T>(table: Table): Promise<T[]> {
    return [...this.#rows].filter(([row]) => row.startsWith(`${table} `)).map(([, value]) => value as T);
  }

  async wipe(): Promise<void> {
    this.#rows.clear();
  }

  /** Everything that is stored, to look for what must not be there. */
  get everything(): readonly unknown[] {
    return [...this.#rows.values()];
  }
}

const name = (table: Table, key: Key): string => `${table} ${JSON.stringify(key)}`;
