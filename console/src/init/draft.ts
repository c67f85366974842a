/** What `strangler init` has found out, as plain data: the files are made of it. */
export type Draft = {
  capability: string
  /** Origin of the monolith, such as `http://127.0.0.1:9001`. */
  monolithUrl: string
  /** Undefined where the monolith speaks REST only. */
  soap: SoapDraft | undefined
  /** REST routes as strangler.yaml writes them, with their effect. */
  rest: readonly { route: string; effect: Effect }[]
  /** Undefined where the capability has no tables of its own. */
  data: DataDraft | undefined
  ports: Ports
  secrets: Secrets
}

export type Effect = 'read' | 'write'

export type SoapDraft = {
  /** Path of the endpoint. */
  path: string
  /** Of the WSDL, from the folder that is written. */
  wsdl: string
  operations: readonly OperationDraft[]
}

export type OperationDraft = {
  name: string
  effect: Effect
  action: string
  /** Namespace and local name of the request's element; undefined where the Body is empty. */
  element: { namespace: string; local: string } | undefined
  /** Scalar fields of the request, in their order. */
  fields: readonly { name: string; kind: 'text' | 'number' | 'other'; required: boolean }[]
  /** The types of request and reply, for comments. */
  input: string
  output: string
}

export type ColumnDraft = {
  name: string
  /** As declared: `decimal(9,2)`, `int(11)`. */
  type: string
  nullable: boolean
  autoIncrement: boolean
  collation: string | undefined
  /** What its values look like, where that proposes another type. */
  looksLike: 'yes-no' | 'date-digits' | undefined
}

export type TableDraft = {
  name: string
  key: readonly string[]
  columns: readonly ColumnDraft[]
  indexes: readonly { unique: boolean; columns: readonly string[] }[]
  /** Columns that point at another table of the capability. */
  references: readonly { column: string; table: string; target: string }[]
  /** What would stand in the way, such as a missing primary key. */
  problems: readonly string[]
}

export type DataDraft = {
  tables: readonly TableDraft[]
  legacy: DatabasePlace
  extracted: DatabasePlace
  /** Accounts that may write the tables today; the monolith's first. */
  writers: readonly string[]
}

/** A schema on a server, as the toolkit will reach it. */
export type DatabasePlace = { host: string; port: number; schema: string }

export type Ports = {
  proxy: number
  admin: number
  engine: number
  dashboard: number
  service: number
  facade: number
}

/** Passwords of the accounts that the SQL files create, and the operator's token. */
export type Secrets = { toolkit: string; applier: string; service: string; token: string }

/** The name of the plan's database of the new side: its capability's. */
export function sideName({ capability }: Pick<Draft, 'capability'>): string {
  return capability
}

/** `STRANGLER_DB_OLD_SHOP` of `old-shop`. */
export function variableOf(kind: 'DB' | 'APPLIER', name: string): string {
  return `STRANGLER_${kind}_${name.toUpperCase().replaceAll('-', '_')}`
}

/** `mysql://user:password@host:port/schema`. */
export function placeUrl({ host, port, schema }: DatabasePlace, user: string, password: string): string {
  const shown = host.includes(':') ? `[${host}]` : host
  return `mysql://${user}:${password}@${shown}:${port}/${schema}`
}
