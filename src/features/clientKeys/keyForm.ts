// A client key as a form holds it and as the program takes it.
import * as v from 'valibot'

import type { ClientKey, ClientLimits, Params } from '../../api/shapes'
import { fromLocalInput, toLocalInput } from '../../lib/format'
import { problem } from '../../lib/problem'

/** Whole numbers, in the order they are shown. */
export const COUNTS = [
  'concurrency',
  'window_seconds',
  'window_requests',
  'window_tokens',
  'daily_tokens',
  'total_tokens',
] as const
/** Amounts of money. */
export const COSTS = ['daily_cost', 'total_cost'] as const

const count = v.pipe(
  v.string(),
  v.check((it) => it.trim() === '' || /^[1-9]\d{0,15}$/.test(it.trim()), problem('common:number')),
)
const cost = v.pipe(
  v.string(),
  v.check(
    (it) => it.trim() === '' || /^\d{1,9}(\.\d{1,6})?$/.test(it.trim()),
    problem('clientKeys:badCost'),
  ),
)

export const keySchema = v.object({
  name: v.pipe(
    v.string(),
    v.check((it) => it.trim() !== '', problem('common:required')),
    v.maxLength(200),
  ),
  expires_at: v.string(),
  expires_days: count,
  binding: v.string(),
  fallback: v.boolean(),
  models: v.string(),
  concurrency: count,
  window_seconds: count,
  window_requests: count,
  window_tokens: count,
  daily_tokens: count,
  total_tokens: count,
  daily_cost: cost,
  total_cost: cost,
})

export type KeyForm = v.InferOutput<typeof keySchema>

export function formOf(key: ClientKey | null): KeyForm {
  const limits = key?.limits ?? {}
  const text = (value: number | null | undefined) => (value == null ? '' : String(value))
  return {
    name: key?.name ?? '',
    expires_at: toLocalInput(key?.expires_at),
    expires_days: text(key?.expires_days),
    binding: readBinding(key?.binding ?? '').to,
    fallback: readBinding(key?.binding ?? '').fallback,
    models: (key?.models ?? []).join(', '),
    concurrency: text(limits.concurrency),
    window_seconds: text(limits.window_seconds),
    window_requests: text(limits.window_requests),
    window_tokens: text(limits.window_tokens),
    daily_tokens: text(limits.daily_tokens),
    total_tokens: text(limits.total_tokens),
    daily_cost: text(limits.daily_cost),
    total_cost: text(limits.total_cost),
  }
}

export function inputOf(form: KeyForm): Params<'create_client_key'> {
  const number = (text: string) => (text.trim() === '' ? null : Number(text))
  const limits: ClientLimits = {}
  for (const name of [...COUNTS, ...COSTS]) limits[name] = number(form[name])
  return {
    name: form.name.trim(),
    expires_at: fromLocalInput(form.expires_at),
    expires_days: number(form.expires_days),
    binding: form.binding + (form.binding !== '' && form.fallback ? FALLBACK : ''),
    models: form.models.split(/[,，\s]+/).filter((it) => it !== ''),
    limits,
  }
}

const FALLBACK = '?fallback'

/** A binding as the program writes it: what it is to, and whether others may step in. */
export function readBinding(text: string): { to: string; fallback: boolean } {
  return text.endsWith(FALLBACK)
    ? { to: text.slice(0, -FALLBACK.length), fallback: true }
    : { to: text, fallback: false }
}
