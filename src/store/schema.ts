/**
 * The type of a column. A "key" is a short text (up to 190 characters) that can be part of a primary key; "integer" is
 * within ±2^53; "real" is any float64, NaN and the infinities among them. A question mark makes it nullable.
 */
export type ColumnType = "text" | "key" | "integer" | "real" | "text?" | "key?" | "integer?" | "real?";

/** A table's columns by name, in their order. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** A table: its columns and its primary key. */
export interface TableSchema<C extends Columns = Columns> {
  readonly columns: C;
  readonly primaryKey: readonly (keyof C & string)[];
}

type ValueOf<T extends ColumnType> = T extends `${infer Base}?`
  ? (Base extends "integer" | "real" ? number : string) | null
  : T extends "integer" | "real"
    ? number
    : string;

/** A row of a table with these columns. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> };

/** A table's columns as arrays of one length: numbers as float64, empty ones as NaN; texts as they are. */
export type ColumnsOf<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends "integer" | "real" | "integer?" | "real?"
    ? Float64Array
    : readonly ValueOf<C[Name]>[];
};

/** The most characters of a key, so that several fit into an index of every database. */
export const LONGEST_KEY = 190;

/** The store's own tables, by the names that they have in the database. */
export const storeTables = {
  residua_runs: {
    columns: {
      id: "key",
      /** The command that made it, such as "train". */
      command: "key",
      name: "text",
      status: "key",
      /** Everything that determines the outcome, as JSON with sorted keys, and its SHA-256. */
      config: "text",
      config_hash: "key",
      seed: "integer?",
      /** Versions, commit and machine, as JSON. */
      code: "text",
      environment: "text",
      /** The run whose checkpoint this one resumed. */
      parent_id: "key?",
      folder: "text?",
      host: "text",
      process: "text",
      /** Milliseconds since 1970. */
      started_at: "integer",
      heartbeat_at: "integer",
      ended_at: "integer?",
      steps: "integer",
      /** Count, last, least and greatest value per metric, as JSON, so that listing runs reads no metrics. */
      summary: "text",
      result: "text?",
      reason: "text?",
    },
    primaryKey: ["id"],
  },

  residua_metrics: {
    columns: { run_id: "key", name: "key", step: "integer", epoch: "integer?", value: "real" },
    primaryKey: ["run_id", "name", "step"],
  },

  residua_artifacts: {
    columns: {
      run_id: "key",
      name: "key",
      /** Hash of its content, in hexadecimal. */
      sha256: "key",
      bytes: "integer",
      step: "integer?",
      /** Its original path. */
      path: "text",
      created_at: "integer",
    },
    primaryKey: ["run_id", "name", "sha256"],
  },

  residua_tags: {
    columns: { run_id: "key", tag: "key" },
    primaryKey: ["run_id", "tag"],
  },
} as const;

type Tables = typeof storeTables;
export type RunRow = RowOf<Tables["residua_runs"]["columns"]>;
export type MetricRow = RowOf<Tables["residua_metrics"]["columns"]>;
export type ArtifactRow = RowOf<Tables["residua_artifacts"]["columns"]>;
export type TagRow = RowOf<Tables["residua_tags"]["columns"]>;
