/** The Debezium releases whose property tables are kept here, oldest first. */
export const debeziumVersions = ['2.7', '3.0', '3.1', '3.2', '3.3', '3.4', '3.5', '3.6'] as const
export type DebeziumVersion = (typeof debeziumVersions)[number]

export type Connector = 'mysql' | 'mariadb'

/** The connector a configuration is for, and the release that will run it. */
export type Target = { connector: Connector; debezium: DebeziumVersion }

/** First and last release that knows a name or a value, and the one connector that does; absent: all of them. */
export type Availability = { since?: DebeziumVersion; until?: DebeziumVersion; connector?: Connector }

export type PropertyType =
  | 'string'
  | 'int'
  | 'long'
  | 'boolean'
  | 'list'
  | 'regexes'
  | 'class'
  | 'password'
  | 'enum'

export type Choice = string | ({ value: string } & Availability)

export type Property = Availability & {
  type: PropertyType
  /** What Debezium takes when the property is absent. */
  default?: string
  values?: readonly Choice[]
  min?: number
  max?: number
  required?: true
}

export type PropertyTable = Readonly<Record<string, Property>>

/** Whether `release` is at least `other`. */
export function isAtLeast(release: DebeziumVersion, other: DebeziumVersion): boolean {
  return debeziumVersions.indexOf(release) >= debeziumVersions.indexOf(other)
}

/** Whether a name or value exists for that connector in that release. */
export function isAvailable(availability: Availability, target: Target): boolean {
  const { since, until, connector } = availability
  return (
    (since === undefined || isAtLeast(target.debezium, since)) &&
    (until === undefined || isAtLeast(until, target.debezium)) &&
    (connector === undefined || connector === target.connector)
  )
}

/** The values a property accepts there; undefined when it isn't a choice. */
export function choicesOf(property: Property, target: Target): string[] | undefined {
  return property.values
    ?.filter(choice => typeof choice === 'string' || isAvailable(choice, target))
    .map(choice => (typeof choice === 'string' ? choice : choice.value))
}

/** Reads `3.5`, `3.5.0` or `3.5.0.Final`; undefined for a release that has no table here. */
export function readDebeziumVersion(text: string): DebeziumVersion | undefined {
  const short = /^(\d+\.\d+)(\.\d+(\.\w+)?)?$/.exec(text.trim())?.[1]
  return debeziumVersions.find(version => version === short)
}

export const connectorClasses: Readonly<Record<Connector, string>> = {
  mysql: 'io.debezium.connector.mysql.MySqlConnector',
  mariadb: 'io.debezium.connector.mariadb.MariaDbConnector',
}
