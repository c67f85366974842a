import { configText } from './config-text.ts'
import type { WsdlCopy } from './copy-wsdl.ts'
import type { Draft } from './draft.ts'
import { extractedSql, legacySql } from './extracted-sql.ts'
import { planText } from './plan-text.ts'
import { handlersText, servicePackageText } from './service-text.ts'
import { envText, systemText } from './system-text.ts'

export type InitFile = { path: string; text: string; secret?: true }

/** Files that are written as they are shipped. */
export type Shipped = {
  /** The JSON Schema of strangler.yaml. */
  schema: string
  /** A service's main. */
  service: string
}

/** Every file of a start, by its path in the folder. */
export function initFiles(draft: Draft, wsdl: WsdlCopy | undefined, shipped: Shipped): InitFile[] {
  const { data, secrets, capability } = draft
  return [
    { path: 'strangler.yaml', text: configText(draft) },
    { path: 'strangler.schema.json', text: shipped.schema },
    { path: 'system.yaml', text: systemText(draft) },
    { path: '.env', text: envText(draft), secret: true },
    { path: '.strangler/token', text: `${secrets.token}\n`, secret: true },
    { path: '.gitignore', text: '.env\n.strangler/\nnode_modules/\nsql/\n' },
    ...[...(wsdl?.files ?? [])].map(([name, text]) => ({ path: `wsdl/${name}`, text })),
    { path: 'service/main.mjs', text: shipped.service },
    { path: 'service/handlers.mjs', text: handlersText(draft) },
    { path: 'service/package.json', text: servicePackageText(draft) },
    ...(data === undefined
      ? []
      : [
          { path: `plans/${capability}.ts`, text: planText(draft, data) },
          { path: 'sql/legacy.sql', text: legacySql(draft, data), secret: true as const },
          { path: 'sql/extracted.sql', text: extractedSql(draft, data), secret: true as const },
        ]),
  ]
}
