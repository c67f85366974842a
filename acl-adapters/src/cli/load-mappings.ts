import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import type { RestMapping } from '../rest-facade/rest-mapping.ts'
import type { SoapMapping } from '../soap-facade/soap-mapping.ts'
import { badUsage } from './acl-arguments.ts'

const method = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
const callable = z.custom<unknown>(value => typeof value === 'function', 'must be a function')
const restMapping = z.looseObject({
  name: z.string().min(1),
  bodyLimit: z.int().min(1),
  reads: z.array(z.string()),
  schemas: z.record(z.string(), z.unknown()),
  problemOf: callable,
  resources: z
    .array(
      z.looseObject({
        method,
        path: z.string().startsWith('/'),
        operation: z.string(),
        input: callable,
        answer: callable,
      }),
    )
    .min(1),
})
const soapMapping = z.looseObject({
  name: z.string().min(1),
  childOrder: z.enum(['schema', 'any']),
  operations: z.record(z.string(), z.looseObject({ call: callable, reply: callable })),
  faultOf: callable,
  faultOfInvalid: callable,
})

/** The REST mappings that modules export, under whatever names. @throws ToolkitError USAGE_INVALID */
export async function loadRestMappings(files: readonly string[]): Promise<RestMapping[]> {
  return (await load(files, 'resources', restMapping)) as RestMapping[]
}

/** The SOAP mappings that modules export, under whatever names. @throws ToolkitError USAGE_INVALID */
export async function loadSoapMappings(files: readonly string[]): Promise<SoapMapping[]> {
  return (await load(files, 'operations', soapMapping)) as SoapMapping[]
}

async function load(files: readonly string[], mark: string, schema: z.ZodType): Promise<unknown[]> {
  const found: unknown[] = []
  for (const file of files) {
    let exported: unknown[]
    try {
      exported = Object.values((await import(pathToFileURL(resolve(file)).href)) as object)
    } catch (error) {
      throw badUsage(`--mapping ${file} cannot be loaded: ${messageOf(error)}`)
    }
    const mappings = exported.filter(value => typeof value === 'object' && value !== null && mark in value)
    if (mappings.length === 0) throw badUsage(`--mapping ${file} exports nothing with ${mark}`)
    for (const mapping of mappings) {
      const parsed = schema.safeParse(mapping)
      if (!parsed.success) throw badUsage(`--mapping ${file}:\n${z.prettifyError(parsed.error)}`)
      found.push(mapping)
    }
  }
  return found
}
