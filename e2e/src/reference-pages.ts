import { cliReference } from './cli-reference.ts'
import { configJsonSchema } from './config-json-schema.ts'
import { configReference } from './config-reference.ts'
import { errorReference } from './error-reference.ts'
import { metricsReference } from './exported-metrics.ts'

/** The files that are generated, by their path in the repository. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['console/schema/strangler.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
    ['docs/reference/strangler-yaml.md', configReference()],
    ['docs/reference/cli.md', cliReference()],
    ['docs/reference/errors.md', errorReference()],
    ['docs/reference/metrics.md', metricsReference()],
  ])
}
