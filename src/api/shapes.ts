// The program's types under the names a page uses, and the methods a page may call.
import type * as gen from './types.gen'

export type Account = gen.Credential
export type ApiKey = gen.Key
export type KeyCounts = gen.KeyCounts
export type KeyTest = gen.KeyTested
export type Group = gen.Group
export type Strategy = gen.Strategy
export type Endpoint = gen.Endpoint
export type Health = gen.Credential['health']
export type Model = gen.Model
export type LoginStarted = gen.Started
export type LoginState = gen.Progress
export type ClientKey = gen.ClientKeyView
export type ClientLimits = gen.ClientKeyLimits
export type LoggedRequest = gen.LoggedRequest
export type RequestPage = gen.RequestPage
export type RequestFilter = gen.Methods['list_requests']['params']
export type ConfigShown = gen.ConfigShown
export type ConfigPatch = gen.ConfigPatch
export type GatewayStatus = gen.GatewayStatus

export type Methods = gen.Methods
export type Method = keyof Methods
export type Params<M extends Method> = Methods[M]['params']
export type Result<M extends Method> = Methods[M]['result']

/** The keys of a pool as a list counts them. */
export function keyCounts(account: Account): KeyCounts | null {
  return account.keys && !Array.isArray(account.keys) ? account.keys : null
}

/** Each key of a pool, as one account alone has them. */
export function keyList(account: Account): readonly ApiKey[] {
  return Array.isArray(account.keys) ? account.keys : NONE
}

const NONE: readonly ApiKey[] = []
