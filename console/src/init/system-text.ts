import { type Draft, placeUrl, sideName, variableOf } from './draft.ts'
import { controlSchema, serviceUser } from './extracted-sql.ts'

/** What `strangler up` starts, and where it listens. */
export function systemText(draft: Draft): string {
  const { soap, ports } = draft
  const local = (port: number) => `"127.0.0.1:${port}"`
  const facade =
    soap === undefined
      ? ''
      : `  - name: facade          # SOAP over the service, behind the monolith's own WSDL
    run: [strangler, acl, serve, ${soap.wsdl}, --facade, --upstream, "http://127.0.0.1:${ports.service}", --port, "${ports.facade}"${soap.path === '/soap' ? '' : `, --path, ${JSON.stringify(soap.path)}`}]
`
  return `# What npx strangler up starts here: these, then proxy, engine (where there is a plan) and dashboard.
listen:
  proxy: ${local(ports.proxy)}        # where clients connect from now on
  admin: ${local(ports.admin)}
  engine: ${local(ports.engine)}
  dashboard: ${local(ports.dashboard)}

processes:
  - name: ${sideName(draft)}
    run: [node, service/main.mjs]
    env: { PORT: "${ports.service}" }
${facade}`
}

/** Accounts and where they are: secrets, for nobody but the folder's owner. */
export function envText(draft: Draft): string {
  const { data, secrets } = draft
  if (data === undefined) return '# No database, no secrets.\n'
  const { legacy, extracted } = data
  const name = sideName(draft)
  const control = { ...extracted, schema: controlSchema }
  return `# Secrets: keep this file out of version control. The accounts are created by sql/legacy.sql and sql/extracted.sql.
# The toolkit's own schema.
STRANGLER_DATABASE_URL=${placeUrl(control, 'strangler', secrets.toolkit)}
# Each side: the toolkit's account and the applier's.
${variableOf('DB', 'legacy')}=${placeUrl(legacy, 'strangler', secrets.toolkit)}
${variableOf('APPLIER', 'legacy')}=${placeUrl(legacy, 'strangler_applier', secrets.applier)}
${variableOf('DB', name)}=${placeUrl(extracted, 'strangler', secrets.toolkit)}
${variableOf('APPLIER', name)}=${placeUrl(extracted, 'strangler_applier', secrets.applier)}
# The new service.
SERVICE_DATABASE_URL=${placeUrl(extracted, serviceUser(draft), secrets.service)}
`
}
