import type { Contract, Message, Operation } from '../contract/contract.ts'
import { exampleOfMessage } from '../rest-facade/example-value.ts'
import { localOf } from '../xml/qualified-name.ts'

/** How to use what `acl generate` wrote, with a call of every operation, in Markdown. */
export function clientGuide(contract: Contract): string {
  const all = [...contract.operations.values()]
  const callable = all.filter(({ unsupported }) => unsupported.length === 0)
  const left = all.filter(({ unsupported }) => unsupported.length > 0)
  const service = all[0]?.service || 'the service'
  return `# Client of ${service}

\`client.ts\` calls the REST façade by \`fetch\` and has no dependencies; \`types.ts\` has the types of every message, and \`Handlers\` for
a server of the same contract. Whole numbers beyond 2^53 and decimals are text, so that no digit is lost; lists are always arrays;
\`null\` is xsi:nil, and a key that is left out is an element that is left out.

\`\`\`ts
import { createClient, ProblemError } from './client.ts'

const client = createClient('http://127.0.0.1:8080')
${callable.length === 0 ? '' : `const reply = await ${callOf(callable[0]!)}(${argument(callable[0]!.input, contract)})\n`}\`\`\`

What is not 2xx throws a \`ProblemError\`: \`status\`, and in \`problem\` the problem document (RFC 9457). \`problem.fault\` has the typed SOAP
fault. \`problem.outcome === 'unknown'\` says that the request was sent and nobody knows whether it took effect.

## Operations

${callable.map(operation => section(operation, contract)).join('\n')}${left.length === 0 ? '' : `\n## Not supported\n\n${left.map(({ name, unsupported }) => `- \`${name}\`: ${unsupported.join('; ')}\n`).join('')}`}`
}

function section(operation: Operation, contract: Contract): string {
  const { name, input, output, faults, lossy } = operation
  const reply = output === undefined ? undefined : exampleOfMessage(output, contract)
  return [
    `### ${name}\n`,
    `\`\`\`ts\nawait ${callOf(operation)}(${argument(input, contract)})\n\`\`\`\n`,
    output === undefined ? 'One-way: there is no reply.\n' : '',
    reply === undefined
      ? ''
      : `Answers, for example:\n\n\`\`\`json\n${JSON.stringify(reply, null, 2)}\n\`\`\`\n`,
    faults.length === 0
      ? ''
      : `Faults: ${faults.map(({ element }) => `\`${localOf(element.name)}\``).join(', ')}.\n`,
    lossy.length === 0 ? '' : `Note: ${lossy.join('; ')}.\n`,
  ]
    .filter(text => text !== '')
    .join('\n')
}

function callOf({ name }: Operation): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `client.${name}` : `client[${JSON.stringify(name)}]`
}

function argument(message: Message, contract: Contract): string {
  const example = exampleOfMessage(message, contract)
  return example === undefined ? '/* see types.ts */' : JSON.stringify(example, null, 2)
}
