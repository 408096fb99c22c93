import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { connectHost } from './connect'
import { toUserError, UserError } from './errors'
import { toHttp } from './http'
import { listHostCredentials } from './readOnly'
import { unwrap } from './rpc'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function settle<T>(work: Promise<T>): Promise<T> {
  // Every deadline passes; nothing in here waits for a minute.
  const settled = work.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(60_000)
  await settled
  return work
}

const never = () => new Promise<never>(() => undefined)
const refuse = () => Promise.reject(new Error('not installed'))
const rpcThat = (call: (method: string) => unknown): HostSdk => ({
  rpc: { call, connect: () => undefined, isConnected: () => false },
})
const gatewayThat = (answer: unknown): HostSdk => ({
  storage: { get: () => JSON.stringify({ url: 'http://127.0.0.1:8787/', adminKey: 'adm' }) },
  http: { request: () => answer },
})

describe('which way is taken', () => {
  test.each([
    ['the result itself', {}],
    ['a whole message', { jsonrpc: '2.0', id: 1, result: {} }],
    ['text', '{"jsonrpc":"2.0","id":1,"result":{}}'],
  ])('the process, answering %s', async (_, answer) => {
    const { way } = await settle(connectHost(rpcThat(() => answer)))
    expect(way.kind).toBe('rpc')
  })

  test.each([
    ['rejecting', refuse],
    ['hanging', never],
    ['throwing', () => { throw new Error('no') }],
    ['answering an error', () => ({ error: { code: -32012, message: 'wrong key' } })],
  ])('the gateway when the process is %s', async (_, call) => {
    const sdk = { ...gatewayThat({ status: 200, headers: {}, body: '{}' }), ...rpcThat(call) }
    const { way } = await settle(connectHost(sdk))
    expect(way).toEqual({ kind: 'gateway', url: 'http://127.0.0.1:8787' })
  })

  test.each([
    ['a Response', { status: 200, text: async () => '{}' }],
    ['a parsed body', { status: 200, body: {} }],
    ['data instead of body', { status: 200, data: {} }],
  ])('a gateway that answers %s', async (_, answer) => {
    expect((await settle(connectHost(gatewayThat(answer)))).way.kind).toBe('gateway')
  })

  test.each([
    ['nothing there', {}],
    ['everything hanging', {
      rpc: { call: never, connect: never, isConnected: never },
      http: { request: never },
      storage: { get: never },
    }],
    ['everything rejecting', {
      rpc: { call: refuse, connect: refuse, isConnected: refuse },
      http: { request: refuse },
      storage: { get: refuse },
    }],
    ['a wrong admin key', gatewayThat({ status: 401, body: '{"error":{"message":"no"}}' })],
  ] as [string, HostSdk][])('read only with %s, and says why', async (_, sdk) => {
    const { way } = await settle(connectHost(sdk))
    expect(way.kind === 'read_only' && way.reasons.map((it) => it.way)).toEqual(['rpc', 'gateway'])
  })

  test('no timer is left behind', async () => {
    await settle(connectHost(rpcThat(() => ({}))))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('errors', () => {
  test.each([
    ['a JSON-RPC error', { code: -32602, message: 'config.name: too long', data: { kind: 'invalid' } }],
    ['an admin API error', { error: { kind: 'invalid', message: 'config.name: too long', field: 'config.name' } }],
    ['text around one', new Error('plugin error: {"code":-32602,"message":"config.name: too long"}')],
    ['an error with its code', Object.assign(new Error('config.name: too long'), { code: -32602 })],
    ['a text with its code', new Error('RPC error (-32602): config.name: too long')],
    ['an error with one as its cause', new Error('rpc', { cause: { code: -32602, message: 'config.name: too long' } })],
  ])('%s names kind and field', (_, thrown) => {
    const told = toUserError(thrown)
    expect(told).toMatchObject({ kind: 'invalid', field: 'config.name', message: 'config.name: too long' })
  })

  test('an unknown failure is one of the way', () => {
    expect(toUserError(new Error('socket closed')).kind).toBe('transport')
  })

  test('a result with a field named error is a result', () => {
    const account = { id: 'a1', name: 'x', error: 'refused' }
    expect(unwrap(account)).toBe(account)
    expect(() => unwrap({ error: { code: -32001, message: 'no' } })).toThrow(UserError)
  })
})

describe('over HTTP', () => {
  test('names go into the path, the rest into query or body', () => {
    expect(toHttp('get_credential', { credential_id: 'a/b' })).toEqual({
      verb: 'GET',
      path: '/admin/accounts/a%2Fb',
      body: null,
    })
    expect(toHttp('update_credential', { credential_id: 'a', revision: 2, config: {} })).toEqual({
      verb: 'PATCH',
      path: '/admin/accounts/a',
      body: '{"revision":2,"config":{}}',
    })
    expect(toHttp('get_usage', { since: '2026-01-01T00:00:00Z', until: null }).path).toBe(
      '/admin/usage?since=2026-01-01T00%3A00%3A00Z',
    )
  })

  test('a method the gateway lacks is an error, not a request', () => {
    expect(() => toHttp('acquire_credential', {})).toThrow(UserError)
    expect(() => toHttp('toString', {})).toThrow(UserError)
  })
})

describe('what the host knows', () => {
  const row = { id: 'c1', display_name: 'Mine', auth_type: 'oauth', status: 'active' }
  test.each([
    ['rows', [row]],
    ['rows in an object', { credentials: [row] }],
  ])('%s', async (_, answer) => {
    const [first] = await settle(listHostCredentials({ credential: { list: () => answer } }))
    expect(first).toMatchObject({ id: 'c1', name: 'Mine', authType: 'oauth' })
  })
  test('nothing', async () => {
    expect(await settle(listHostCredentials({ credential: { list: () => undefined } }))).toEqual([])
    expect(await settle(listHostCredentials({}))).toEqual([])
  })
})
