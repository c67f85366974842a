import { expect, test } from '@jest/globals'
import { problemOfFault } from '../src/rest-facade/problem-document.ts'
import type { SoapFault } from '../src/soap/soap-fault.ts'
import { writeFault } from '../src/soap/write-envelope.ts'
import { faultOfProblem } from '../src/soap-facade/fault-of-problem.ts'
import { contract, read } from './soap-harness.ts'

const operation = contract.operations.get('GetCustomer')!

const faults: SoapFault[] = [
  {
    code: 'Client',
    subcodes: [],
    reason: 'customer 7 not found',
    detail: { CustomerNotFound: { custNo: 7 } },
    undeclaredDetail: [],
  },
  {
    code: 'Client.Auth.Expired',
    subcodes: [],
    reason: 'again <please>',
    actor: 'urn:gate',
    detail: {},
    undeclaredDetail: [],
  },
  { code: '{urn:codes}Odd', subcodes: [], reason: 'x', detail: {}, undeclaredDetail: [] },
]

test.each(faults)('carries the fault $code as a problem and back, without loss in SOAP 1.1', async fault => {
  const problem = problemOfFault(fault, operation, 'urn:trace:1')
  const back = faultOfProblem(problem.status, problem, undefined, operation)
  const lost = problem.status >= 500 ? { reason: 'the upstream reported a failure' } : {}
  expect(await read(writeFault('1.1', back.fault, contract))).toEqual({
    version: '1.1',
    fault: { ...fault, ...lost },
  })
})

test('writes subcodes, and a code of its own as one, in SOAP 1.2', async () => {
  const fault = { code: '{urn:codes}Odd', subcodes: ['{urn:codes}Odder'], reason: 'x' }
  expect(await read(writeFault('1.2', fault, contract))).toMatchObject({
    version: '1.2',
    fault: { code: 'Server', subcodes: ['{urn:codes}Odd', '{urn:codes}Odder'] },
  })
})

test.each(['Client</faultcode>', '{urn:x}a b', 'Other', 7])('takes no code %j from a problem', code => {
  const problem = { type: 'about:blank', title: 'No', status: 400, detail: 'd', fault: { code, detail: {} } }
  expect(faultOfProblem(400, problem, undefined, operation).fault).toEqual({ code: 'Client', reason: 'No' })
})
