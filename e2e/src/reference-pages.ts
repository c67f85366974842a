import { configJsonSchema } from './config-json-schema.ts'

/** The files that are generated, by their path in the repository. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['console/schema/strangler.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ])
}
