import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { post, startTestShop, type TestShop } from './test-shop.ts'

/** A line to the database that can be cut. */
const sockets = new Set<Socket>()
let cut = false
let databasePort = 0
const line = createServer(socket => {
  if (cut) return void socket.destroy()
  const database = connect(databasePort, '127.0.0.1')
  for (const end of [socket, database]) {
    sockets.add(end)
    end
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(end)
        socket.destroy()
        database.destroy()
      })
  }
  socket.pipe(database).pipe(socket)
})
let shop: TestShop
const content = '<c:FindCustomers><c:namePrefix>x</c:namePrefix></c:FindCustomers>'

beforeAll(async () => {
  await new Promise<void>(resolve => line.listen(0, '127.0.0.1', resolve))
  const { port } = line.address() as { port: number }
  shop = await startTestShop({
    through: databaseUrl => {
      const url = new URL(databaseUrl)
      databasePort = Number(url.port)
      url.port = String(port)
      return url.href
    },
  })
})
afterAll(async () => {
  await shop.close()
  for (const socket of sockets) socket.destroy()
  await new Promise(resolve => line.close(resolve))
})

test('while the database is gone every call is an internal fault, afterwards the shop works again', async () => {
  expect((await post(shop.url, { content })).status).toBe(200)
  cut = true
  for (const socket of sockets) socket.destroy()
  for (let call = 0; call < 3; call++) {
    const { status, text } = await post(shop.url, { content })
    expect(status).toBe(500)
    expect(text).toContain('<faultcode>soap:Server</faultcode><faultstring>internal error</faultstring>')
    expect(text).not.toContain('detail')
  }
  expect((await fetch(`${shop.url}/health/live`)).status).toBe(200)
  await delay(1_100)
  expect((await fetch(`${shop.url}/health/ready`)).status).toBe(503)
  expect(shop.reported.length).toBeGreaterThanOrEqual(3)

  cut = false
  expect((await post(shop.url, { content })).status).toBe(200)
  await delay(1_100)
  expect((await fetch(`${shop.url}/health/ready`)).status).toBe(200)
})

test('what a trigger says against a write stays inside', async () => {
  await shop.query(
    `CREATE TRIGGER refuse BEFORE INSERT ON CUST_MST FOR EACH ROW
     SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644, MESSAGE_TEXT = 'secret reason'`,
  )
  const fault = await shop.fault('CreateCustomer', { name: 'x', creditLimit: '1' })
  expect(fault).toMatchObject({ code: 'soap:Server', text: 'internal error', status: 500 })
  expect(fault.xml).not.toContain('secret')
  expect(await shop.query('SELECT 1 FROM CUST_MST')).toEqual([])
})
