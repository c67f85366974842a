import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'

/**
 * `first-routes-main.ts FROM TO`: strangler.yaml with the addresses that its upstreams have in the cluster. A file that is
 * there stays: it holds the stages that operators have set.
 */
const addresses: Readonly<Record<string, string>> = {
  monolith: 'http://monolith:9001',
  customers: 'http://customers:9101',
  catalog: 'http://catalog:9401',
  orders: 'http://orders:9301',
  facade: 'http://acl:9201',
  rest: 'http://acl:9202',
}

const [, , from = '', to = ''] = process.argv
if (!existsSync(to)) {
  const document = parseDocument(readFileSync(from, 'utf8'))
  const { upstreams } = document.toJS() as { upstreams: Record<string, unknown> }
  for (const name of Object.keys(upstreams)) {
    const url = addresses[name]
    if (url === undefined) throw new Error(`no Service is known for the upstream ${name}`)
    document.setIn(['upstreams', name], document.createNode({ url }, { flow: true }))
  }
  writeFileSync(`${to}.new`, document.toString())
  renameSync(`${to}.new`, to)
}
