import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** What was given on the command line; what is missing is asked for, where somebody is there to answer. */
export type InitOptions = {
  dir: string
  name?: string
  wsdl?: string
  baseUrl?: string
  operations?: readonly string[]
  reads?: readonly string[]
  routes?: readonly string[]
  database?: string
  tables?: readonly string[]
  extractedDatabase?: string
  port: number
  force?: true
}

export type Question = (text: string) => Promise<string>

const restRoute = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) \/\S*$/

/** The answers to what flags left open. @throws ToolkitError USAGE_INIT with every flag that is missing or wrong */
export async function completeOptions(
  given: InitOptions,
  question: Question | undefined,
): Promise<InitOptions> {
  const options = { ...given }
  if (question !== undefined) await ask(options, question)
  const problems = problemsOf(options)
  if (problems.length > 0)
    throw new ToolkitError('USAGE_INIT', problems.join('; '), {
      details: { problems },
      hint: 'npx strangler init --help shows an example; at a terminal it asks for what is missing',
    })
  return options
}

async function ask(options: InitOptions, question: Question): Promise<void> {
  const once = async (text: string) => (await question(`${text} `)).trim()
  options.name ??= await once('Name of the capability, such as books:')
  if (options.wsdl === undefined && options.baseUrl === undefined) {
    const source = await once(
      'WSDL of the monolith (file or URL), or its base URL where it speaks REST only:',
    )
    if (/wsdl/i.test(source)) options.wsdl = source
    else if (source !== '') options.baseUrl = source
  }
  if (options.database === undefined) {
    const url = await once('Its database, mysql://user:password@host:port/schema (empty: none of its own):')
    if (url !== '') options.database = url
  }
}

function problemsOf(options: InitOptions): string[] {
  const { name, wsdl, baseUrl, routes, database, tables, extractedDatabase } = options
  const isDatabase = (url: string) =>
    URL.canParse(url) && /^(mysql|mariadb):$/.test(new URL(url).protocol) && new URL(url).pathname.length > 1
  const isOrigin = (url: string) =>
    URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && new URL(url).username === ''
  return [
    ...(name === undefined || !/^[a-z][a-z0-9-]{0,47}$/.test(name) || name === 'legacy'
      ? ['--name: lower-case letters, digits and dashes, such as books']
      : []),
    ...(wsdl === undefined && baseUrl === undefined ? ['--wsdl or --base-url is missing'] : []),
    ...(wsdl === undefined && routes === undefined
      ? ['--routes is missing: there is no WSDL to take operations from']
      : []),
    ...(baseUrl !== undefined && !isOrigin(baseUrl) ? [`--base-url ${baseUrl}: an http URL`] : []),
    ...(routes ?? []).filter(route => !restRoute.test(route)).map(route => `--routes ${route}: METHOD /path`),
    ...(database !== undefined && !isDatabase(database)
      ? ['--database: mysql://user:password@host:port/schema']
      : []),
    ...(extractedDatabase !== undefined && !isDatabase(extractedDatabase)
      ? ['--extracted-database: mysql://host:port/schema']
      : []),
    ...(tables !== undefined && database === undefined ? ['--tables needs --database'] : []),
  ]
}
