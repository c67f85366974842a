import { type LookupAddress, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Where servers may be that the operator has not named: whoever can register must not turn the proxy on any host. */
export type AllowedPlaces = {
  /** Whether a URL's host may be registered. A name is looked at again when it is connected to. */
  permits(url: string): boolean
  /** Resolves a name once, for the connection that is made, and fails where it leads elsewhere. */
  lookup: LookupFunction
}

/** Never: what answers there is the machine's own, such as the credentials of a cloud. */
const forbidden = blockListOf(['169.254.0.0/16', 'fe80::/10', '0.0.0.0/8', '::', '224.0.0.0/4', 'ff00::/8'])

/** @param allow networks, names and `*.suffix`; undefined means anywhere that is not link-local */
export function createAllowedPlaces(allow: readonly string[] | undefined): AllowedPlaces {
  const networks = (allow ?? []).filter(isNetwork)
  const names = (allow ?? []).filter(entry => !isNetwork(entry))
  const permitted = blockListOf(networks)
  const named = (host: string) =>
    names.some(name => (name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name))
  const permitsAddress = (address: string, byName: boolean) =>
    !holds(forbidden, address) && (allow === undefined || byName || holds(permitted, address))
  const permitsName = (host: string) => allow === undefined || named(host) || names.length === 0

  return {
    permits(url) {
      const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
      return isIP(host) === 0 ? permitsName(host) : permitsAddress(host, false)
    },
    lookup(host, options, done) {
      lookup(host, { ...options, all: true }, (error, found) => {
        const addresses = (found ?? []).filter(({ address }) => permitsAddress(address, named(host)))
        if (error === null && addresses.length > 0) answer(options.all === true, addresses, done)
        else done(error ?? refused(host), '', 0)
      })
    },
  }
}

/** Whether a list of networks holds an address; false for what is none. */
export function holds(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

/** @param networks such as `10.0.0.0/8`, or single addresses */
export function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function isNetwork(entry: string): boolean {
  return isIP(entry.split('/', 1)[0]!) !== 0
}

function answer(all: boolean, addresses: LookupAddress[], done: Parameters<LookupFunction>[2]): void {
  if (all) done(null, addresses)
  else done(null, addresses[0]!.address, addresses[0]!.family)
}

function refused(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} leads where no server may be`), { code: 'EHOSTUNREACH' })
}
