import type { Draft } from './draft.ts'

/** The new service's handlers, one a operation, to be written: until then each says so. */
export function handlersText({ soap, rest, capability }: Draft): string {
  const operations = (soap?.operations ?? []).map(
    ({ name, input, output, effect }) => `
/**
 * ${effect === 'read' ? 'Reads.' : 'Writes.'} ${name}
${comment('input', input)}${comment('answers', output)} */
export async function ${name}(_input, _database) {
  throw notWritten('${name}')
}
`,
  )
  const routes = rest.map(
    ({
      route,
      effect,
    }) => `  // ${effect === 'read' ? 'Reads' : 'Writes'}; asked holds params of the path, query and body.
  ${JSON.stringify(route)}: async (_asked, _database) => {
    throw notWritten(${JSON.stringify(route)})
  },
`,
  )
  const table =
    rest.length === 0
      ? ''
      : `\n/** The REST routes, as strangler.yaml has them. */\nexport const routes = {\n${routes.join('')}}\n`
  return `// What the service of ${capability} does, one function per operation: the request as an object in, the reply as one out.
/** A fault that the caller caused: \`throw fault(404, 'there is no book 7')\`. */
export function fault(status, detail) {
  return Object.assign(new Error(detail), { status })
}

function notWritten(operation) {
  return fault(501, \`\${operation} is not written yet: service/handlers.mjs\`)
}
${operations.join('')}${table}`
}

function comment(label: string, text: string): string {
  const lines = text.trim().split('\n')
  return ` * ${label}: ${lines[0]}\n${lines
    .slice(1)
    .map(line => ` *   ${line}\n`)
    .join('')}`
}

/** What the service needs besides Node, for `npm install` in its folder. */
export function servicePackageText({ capability, data }: Draft): string {
  const manifest = {
    name: `${capability}-service`,
    private: true,
    type: 'module',
    scripts: { start: 'node main.mjs' },
    dependencies: data === undefined ? {} : { mysql2: '^3.24.0' },
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}
