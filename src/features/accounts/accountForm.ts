// What a person may set of an account, as a form holds it and as the program takes it.
import * as v from 'valibot'

import type { Account } from '../../api/shapes'
import { fromLocalInput, toLocalInput } from '../../lib/format'
import { problem } from '../../lib/problem'

const whole = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.check((it) => /^\d+$/.test(it.trim()), problem('common:number')),
    v.check(
      (it) => Number(it) >= min && Number(it) <= max,
      problem('common:between', { min, max }),
    ),
  )

const optionalWhole = (min: number, max: number) => v.union([v.literal(''), whole(min, max)])

export const PROXY_KINDS = ['http', 'https', 'socks5'] as const

const hasProxy = (kind: string) => kind !== '' && kind !== 'keep'

export const accountSchema = v.pipe(
  v.object({
    name: v.pipe(v.string(), v.maxLength(200)),
    endpoint_type: v.picklist(['anthropic', 'openai', 'comm', 'google']),
    priority: whole(0, 100),
    groups: v.string(),
    max_concurrency: whole(0, 10_000),
    schedulable: v.boolean(),
    subscription_expires_at: v.string(),
    user_agent: v.string(),
    token_budget: optionalWhole(0, Number.MAX_SAFE_INTEGER),
    key_strategy: v.string(),
    // `keep` leaves the stored proxy, whose password is never shown.
    proxy_kind: v.picklist(['', 'keep', ...PROXY_KINDS]),
    proxy_host: v.string(),
    proxy_port: v.string(),
    proxy_user: v.string(),
    proxy_password: v.string(),
  }),
  v.forward(
    v.partialCheck(
      [['proxy_kind'], ['proxy_host']],
      (it) => !hasProxy(it.proxy_kind) || it.proxy_host.trim() !== '',
      problem('common:required'),
    ),
    ['proxy_host'],
  ),
  v.forward(
    v.partialCheck(
      [['proxy_kind'], ['proxy_port']],
      (it) => {
        const port = it.proxy_port.trim()
        const fits = /^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535
        return !hasProxy(it.proxy_kind) || fits
      },
      problem('common:between', { min: 1, max: 65_535 }),
    ),
    ['proxy_port'],
  ),
)

export type AccountForm = v.InferOutput<typeof accountSchema>

export const NEW_ACCOUNT: AccountForm = {
  name: '',
  endpoint_type: 'anthropic',
  priority: '50',
  groups: '',
  max_concurrency: '0',
  schedulable: true,
  subscription_expires_at: '',
  user_agent: '',
  token_budget: '',
  key_strategy: '',
  proxy_kind: '',
  proxy_host: '',
  proxy_port: '',
  proxy_user: '',
  proxy_password: '',
}

export function formOf(account: Account): AccountForm {
  return {
    ...NEW_ACCOUNT,
    name: account.name,
    endpoint_type: account.endpoint_type,
    priority: String(account.priority),
    groups: account.groups.join(', '),
    max_concurrency: String(account.max_concurrency),
    schedulable: account.schedulable,
    subscription_expires_at: toLocalInput(account.subscription_expires_at),
    user_agent: account.user_agent ?? '',
    token_budget: account.token_budget == null ? '' : String(account.token_budget),
    key_strategy: account.key_strategy ?? '',
    proxy_kind: account.has_proxy ? 'keep' : '',
  }
}

export function readGroups(text: string): string[] {
  return [...new Set(text.split(/[,，;\s]+/).filter((it) => it !== ''))]
}

/** The proxy as one URL, or what it says besides one. */
export function proxyOf(form: AccountForm): string | null | 'keep' {
  if (form.proxy_kind === 'keep') return 'keep'
  if (form.proxy_kind === '') return null
  const host = form.proxy_host.trim()
  const who =
    form.proxy_user === ''
      ? ''
      : `${encodeURIComponent(form.proxy_user)}${form.proxy_password === '' ? '' : `:${encodeURIComponent(form.proxy_password)}`}@`
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return `${form.proxy_kind}://${who}${bracketed}:${form.proxy_port.trim()}`
}

/** Of a new account: only what was set. */
export function createConfig(form: AccountForm): Record<string, unknown> {
  const proxy = proxyOf(form)
  const groups = readGroups(form.groups)
  const expires = fromLocalInput(form.subscription_expires_at)
  return {
    endpoint_type: form.endpoint_type,
    priority: Number(form.priority),
    max_concurrency: Number(form.max_concurrency),
    schedulable: form.schedulable,
    ...(form.name.trim() === '' ? {} : { name: form.name.trim() }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(expires === null ? {} : { subscription_expires_at: expires }),
    ...(form.user_agent.trim() === '' ? {} : { user_agent: form.user_agent.trim() }),
    ...(proxy === null || proxy === 'keep' ? {} : { proxy }),
  }
}

/** Of an edited account: only what differs from what the form began with. */
export function updateConfig(
  form: AccountForm,
  began: AccountForm,
  isPool: boolean,
): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  const changed = (name: keyof AccountForm) => form[name] !== began[name]
  if (changed('name')) config['name'] = form.name.trim()
  if (changed('endpoint_type')) config['endpoint_type'] = form.endpoint_type
  if (changed('priority')) config['priority'] = Number(form.priority)
  if (changed('groups')) config['groups'] = readGroups(form.groups)
  if (changed('max_concurrency')) config['max_concurrency'] = Number(form.max_concurrency)
  if (changed('schedulable')) config['schedulable'] = form.schedulable
  if (changed('user_agent')) config['user_agent'] = form.user_agent.trim() || null
  if (changed('subscription_expires_at')) {
    config['subscription_expires_at'] = fromLocalInput(form.subscription_expires_at)
  }
  if (changed('token_budget')) {
    config['token_budget'] = form.token_budget === '' ? null : Number(form.token_budget)
  }
  if (isPool && changed('key_strategy') && form.key_strategy !== '') {
    config['key_strategy'] = form.key_strategy
  }
  const proxy = proxyOf(form)
  if (proxy !== 'keep' && (proxy !== null || began.proxy_kind === 'keep')) config['proxy'] = proxy
  return config
}
