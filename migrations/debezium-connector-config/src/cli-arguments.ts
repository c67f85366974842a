import { parseArgs } from 'node:util'
import { closestName } from './closest-name.ts'
import { oneOf } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { type DebeziumVersion, debeziumVersions, readDebeziumVersion } from './property.ts'

export type Verb = keyof typeof verbs
export type CliArguments = {
  verb: Verb
  /** What stands behind the verb: a file or a connector's name; for offsets also get, alter or reset, and a file. */
  words: string[]
  debezium: DebeziumVersion
  json: boolean
  connect: string
  waitMs: number
  onlyFailed: boolean
}

/** verb → what has to stand behind it. */
export const verbs = {
  check: ['FILE'],
  validate: ['FILE'],
  apply: ['FILE'],
  status: ['NAME'],
  pause: ['NAME'],
  resume: ['NAME'],
  stop: ['NAME'],
  restart: ['NAME'],
  delete: ['NAME'],
  offsets: ['get|alter|reset', 'NAME'],
} as const

export const usage = `debezium-connector-config VERB …

  check FILE                    finds what is wrong with a configuration (JSON or .properties), offline
  validate FILE                 the same, and then asks the connector itself, in Kafka Connect
  apply FILE                    checks, validates, creates or updates the connector, waits until it runs
  status | pause | resume | stop | restart | delete NAME
  offsets get NAME
  offsets alter NAME FILE       FILE holds {"offsets": [{"partition": {…}, "offset": {…}}]}; stop the connector first
  offsets reset NAME

  --connect URL      Kafka Connect, for every verb but check (http://[user:password@]host:8083)
  --debezium 3.5     the release that will run it: ${debeziumVersions[0]} to ${debeziumVersions.at(-1)}; default 3.5
  --wait SECONDS     how long to wait for a state; default 60
  --only-failed      restart: only what failed
  --json             one JSON document on stdout

Exit: 0 done, no errors · 1 failed · 2 unusable file or usage · 3 errors found
`

/** @throws ConnectorConfigError USAGE */
export function readArguments(args: readonly string[]): CliArguments {
  const { values, positionals } = parse(args)
  const [verb, ...words] = positionals
  if (verb === undefined) throw wrong('no verb')
  if (!isVerb(verb)) {
    const meant = closestName(verb, Object.keys(verbs))
    throw wrong(`no verb ${verb}${meant === undefined ? '' : `; did you mean ${meant}?`}`)
  }
  const expected = [...verbs[verb], ...(verb === 'offsets' && words[0] === 'alter' ? ['FILE'] : [])]
  if (words.length !== expected.length) throw wrong(`${verb} takes ${expected.join(' ')}`)
  if (verb === 'offsets' && !['get', 'alter', 'reset'].includes(words[0]!))
    throw wrong('offsets get, alter or reset')
  const debezium = readDebeziumVersion(values.debezium ?? '3.5')
  if (debezium === undefined) throw wrong(`--debezium takes ${oneOf(debeziumVersions)}`)
  if (verb !== 'check' && values.connect === undefined) throw wrong(`${verb} needs --connect URL`)
  const wait = Number(values.wait ?? '60')
  if (!(wait > 0 && wait <= 86_400)) throw wrong('--wait takes seconds, above 0')
  return {
    verb,
    words,
    debezium,
    json: values.json ?? false,
    connect: values.connect ?? '',
    waitMs: wait * 1000,
    onlyFailed: values['only-failed'] ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        connect: { type: 'string' },
        debezium: { type: 'string' },
        wait: { type: 'string' },
        'only-failed': { type: 'boolean' },
        json: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw wrong(error instanceof Error ? error.message.split('. To specify')[0]! : String(error))
  }
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(verbs, word)
}

function wrong(message: string): ConnectorConfigError {
  return new ConnectorConfigError('USAGE', message, { hint: 'debezium-connector-config --help' })
}
