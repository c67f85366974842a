import { get } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop

beforeAll(async () => {
  shop = await startTestShop()
})
afterAll(() => shop.close())

function addressAskedOf(host: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    get(`${shop.url}/soap?wsdl`, { headers: { host } }, async response => {
      const text = (await response.setEncoding('utf8').toArray()).join('')
      resolve(/<soap:address location="([^"]*)"/.exec(text)?.[1])
    }).on('error', reject)
  })
}

test('the contract names the host by which the client knows the shop', async () => {
  expect(await addressAskedOf('shop.example:8080')).toBe('http://shop.example:8080/soap')
  expect(await addressAskedOf('[::1]:8080')).toBe('http://[::1]:8080/soap')
})

test.each(['a"/><evil', 'a/b', 'user@host', '$&'])(
  'the host %j does not get into the contract',
  async host => {
    expect(await addressAskedOf(host)).toBe(`${shop.url}/soap`)
  },
)
