import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { replyRules } from '@strangler/acl-adapters/codec/decode-element.ts'
import { encodeElement } from '@strangler/acl-adapters/codec/encode-element.ts'
import type { Json } from '@strangler/acl-adapters/codec/json.ts'
import { loadContract } from '@strangler/acl-adapters/contract/load-contract.ts'
import { createEnvelopeReader } from '@strangler/acl-adapters/soap/read-envelope.ts'
import { readXml } from '@strangler/acl-adapters/xml/xml-reader.ts'
import { XMLParser } from 'fast-xml-parser'
import { createClientAsync } from 'soap'
import { largeWsdl } from '../inputs/large-wsdl.ts'
import { type BenchProcess, startLoad, startProcess } from '../load/bench-process.ts'
import { type Contender, interleave, ratio } from '../load/interleave.ts'
import type { Bar, Benchmark, BenchmarkOptions, Figure } from '../report/benchmark.ts'
import { median } from '../report/median.ts'

const root = join(import.meta.dirname, '../../..')
const wsdl = join(root, 'legacy-monolith/wsdl/shop.wsdl')
const aclMain = join(root, 'acl-adapters/src/acl-main.ts')
const peerMain = join(root, 'bench/src/peers/acl-peer-main.ts')
const compileMain = join(root, 'bench/src/peers/compile-main.ts')
const wsdlCharacters = 2_500_000
const connections = 32
const namespace = 'urn:shop:2009:customers'

const names = {
  rest: 'REST façade',
  naive: 'express + soap client',
  undici: 'bare undici, same SOAP request',
  soap: 'SOAP façade',
  listen: 'soap.listen on express, axios',
}

/** The adapters beside what a Node developer would write instead, all in one run. */
export const benchmark: Benchmark = async options => {
  const started: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    started.push(one)
    return one
  }
  try {
    const load = keep(await startLoad())
    const peer = async (...args: string[]) => keep(await startProcess(peerMain, args))
    const acl = async (...args: string[]) =>
      keep(await startProcess(aclMain, ['serve', wsdl, '--log', 'warn', ...args]))
    const soapUrl = `${urlOf(await peer('soap', wsdl))}/soap`
    const restUrl = urlOf(await peer('rest', wsdl))
    const order = (name: string, process: BenchProcess, request: string): Contender => ({
      name,
      pid: process.pid,
      order: { port: Number(new URL(urlOf(process)).port), requests: [request], connections },
    })
    const measured = await interleave(
      [
        order(names.rest, await acl('--endpoint', soapUrl), jsonRequest),
        order(names.naive, await peer('naive', wsdl, soapUrl), jsonRequest),
        order(names.undici, await peer('undici', wsdl, soapUrl), jsonRequest),
        order(names.soap, await acl('--facade', '--upstream', restUrl), soapRequest),
        order(names.listen, await peer('listen', wsdl, restUrl), soapRequest),
      ],
      load,
      options,
    )
    // A contender that answers errors is no measure of anything.
    const sound = (name: string) => measured.get(name)?.errors === 0
    const at = (one: string, other: string) =>
      sound(one) && sound(other) ? ratio(measured.get(one), measured.get(other)) : Number.NaN
    const codec = await measureCodec(options)
    const compile = await measureCompile(options)
    return {
      figures: [...measured.values()].map(({ rounds: _rounds, ...figure }): Figure => figure),
      bars: [
        atLeast('REST façade against express + soap client', at(names.rest, names.naive), 4),
        atLeast('REST façade against a bare undici call', at(names.rest, names.undici), 0.5),
        atLeast('SOAP façade against soap.listen with axios', at(names.soap, names.listen), 2),
        atLeast('decode of 1 MB against soap', codec.soapDecode / codec.decode, 3),
        atLeast('encode of 1 MB against soap', codec.soapEncode / codec.encode, 3),
        { name: 'compile of a 2.5 MB WSDL', value: compile.ms, op: '<=', bar: 1_000, unit: ' ms' },
      ],
      notes: [
        `${connections} keep-alive connections, GetCustomer, our processes without a log line a request (peers write none); ratios are medians of the ratios within a round`,
        `1 MB reply, median ms of ${options.rounds * 3}: decode ${codec.decode.toFixed(1)}, soap ${codec.soapDecode.toFixed(1)}, fast-xml-parser (untyped) ${codec.fastXml.toFixed(1)}, JSON.parse of the same ${codec.json.toFixed(1)}; encode ${codec.encode.toFixed(1)}, soap ${codec.soapEncode.toFixed(1)}`,
        `WSDL of ${(compile.characters / 1e6).toFixed(1)} M characters with ${compile.operations} operations, each time in a process of its own: median of ${options.rounds}, its thread's processor time ${compile.cpuMs.toFixed(0)} ms; load average ${loadavg()
          .map(value => value.toFixed(1))
          .join(' ')}`,
      ],
    }
  } finally {
    await Promise.all(started.map(one => one.close()))
  }
}

const jsonBody = '{"custNo":42}'
const jsonRequest = `POST /rpc/GetCustomer HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${jsonBody.length}\r\n\r\n${jsonBody}`
const envelope = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><c:GetCustomer xmlns:c="${namespace}"><c:custNo>42</c:custNo></c:GetCustomer></soap:Body></soap:Envelope>`
const soapRequest = `POST /soap HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml; charset=utf-8\r\nsoapaction: "urn:shop:2009#GetCustomer"\r\ncontent-length: ${envelope.length}\r\n\r\n${envelope}`

/** Median ms that a process of its own takes from a WSDL on disk to its contract. */
async function measureCompile({ rounds, say }: BenchmarkOptions) {
  say('compiling a large WSDL')
  const folder = await mkdtemp(join(tmpdir(), 'bench-wsdl-'))
  try {
    const file = join(folder, 'large.wsdl')
    const text = largeWsdl(wsdlCharacters)
    await writeFile(file, text)
    const times: number[] = []
    const cpuTimes: number[] = []
    let operations = 0
    for (let round = 0; round < rounds; round += 1) {
      const compiled = await startProcess(compileMain, [file])
      times.push(Number(compiled.ready.ms))
      cpuTimes.push(Number(compiled.ready.cpuMs))
      operations = Number(compiled.ready.operations)
      await compiled.close()
    }
    return { ms: median(times), cpuMs: median(cpuTimes), operations, characters: text.length }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Median ms of each way to read and write a reply of 1 MB, taken in turns. */
async function measureCodec({ rounds, say }: BenchmarkOptions) {
  say('codec, 1 MB')
  const { contract } = loadContract(wsdl)
  const element = contract.elements.get(`{${namespace}}FindCustomersResponse`)!
  const customer = (index: number) => ({
    custNo: index,
    name: `Customer ${index}`,
    email: `c${index}@example.com`,
    creditLimit: '1234.50',
    statusCode: 'A',
    vip: index % 2 === 0,
    openedAt: '2024-02-29T12:34:56Z',
    changedAt: '2024-02-29T12:34:56Z',
  })
  const value = { customer: Array.from({ length: 3_200 }, (_, index) => customer(index)) } as Json
  const xml = encodeElement(element, value, contract)
  // As it comes from a socket: in one piece, not in the pieces that it was put together from.
  const reply = Buffer.from(
    `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${xml}</soap:Body></soap:Envelope>`,
  ).toString()
  const text = JSON.stringify(value)
  const peer = (await createClientAsync(wsdl)).wsdl
  const parser = new XMLParser({ ignoreAttributes: false })
  const work = {
    decode: () => {
      const reader = createEnvelopeReader({ contract, rules: () => replyRules, elementFor: () => element })
      readXml(reply, reader)
      return reader.content()
    },
    soapDecode: () => peer.xmlToObject(reply),
    fastXml: () => parser.parse(reply),
    json: () => JSON.parse(text),
    encode: () => encodeElement(element, value, contract),
    soapEncode: () => peer.objectToDocumentXML('FindCustomersResponse', value, 'c', namespace),
  }
  const times = Object.fromEntries(Object.keys(work).map(name => [name, [] as number[]]))
  for (let round = 0; round < rounds * 3 + 3; round += 1)
    for (const [name, run] of Object.entries(work)) {
      const began = performance.now()
      run()
      // The first rounds compile the code.
      if (round >= 3) times[name]!.push(performance.now() - began)
    }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)])) as Record<
    keyof typeof work,
    number
  >
}

function atLeast(name: string, value: number, bar: number): Bar {
  return { name, value, op: '>=', bar, unit: ' ×' }
}

function urlOf({ ready }: BenchProcess): string {
  return String(ready.url)
}
