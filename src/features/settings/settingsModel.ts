// The configuration's schema as a list of fields, and values checked against it as they are typed.
import { isRecord } from '../../lib/invariant'
import { problem } from '../../lib/problem'

export type FieldKind = 'switch' | 'integer' | 'number' | 'text' | 'long' | 'choice' | 'lines' | 'fixed' | 'json'

export interface ConfigField {
  path: string
  title: string
  about: string
  kind: FieldKind
  fallback: unknown
  min: number | null
  max: number | null
  choices: readonly string[]
  uri: boolean
  pattern: string | null
  needsText: boolean
  restart: boolean
}

/** These have tables of their own. */
const TABLES = new Set(['models', 'model_redirects', 'proxies'])

export function fieldsOf(schema: unknown, path = ''): ConfigField[] {
  if (!isRecord(schema)) return []
  const properties = schema['properties']
  if (path !== '' && !(isRecord(properties) && !('default' in schema))) {
    return TABLES.has(path) ? [] : [fieldOf(schema, path)]
  }
  if (!isRecord(properties)) return []
  return Object.entries(properties).flatMap(([name, inner]) =>
    fieldsOf(inner, path === '' ? name : `${path}.${name}`),
  )
}

function fieldOf(schema: Record<string, unknown>, path: string): ConfigField {
  const number = (name: string) => (typeof schema[name] === 'number' ? schema[name] : null)
  const items = schema['items']
  const texts = isRecord(items) && items['type'] === 'string'
  const kind: FieldKind =
    'const' in schema
      ? 'fixed'
      : Array.isArray(schema['enum'])
        ? 'choice'
        : schema['type'] === 'boolean'
          ? 'switch'
          : schema['type'] === 'integer'
            ? 'integer'
            : schema['type'] === 'number'
              ? 'number'
              : schema['type'] === 'string'
                ? (number('maxLength') ?? 0) > 10_000
                  ? 'long'
                  : 'text'
                : schema['type'] === 'array' && texts
                  ? 'lines'
                  : 'json'
  return {
    path,
    title: typeof schema['title'] === 'string' ? schema['title'] : path,
    about: typeof schema['description'] === 'string' ? schema['description'] : '',
    kind,
    fallback: schema['default'],
    min: number('minimum'),
    max: number('maximum'),
    choices: Array.isArray(schema['enum']) ? schema['enum'].map(String) : [],
    uri: schema['format'] === 'uri',
    pattern: typeof schema['pattern'] === 'string' ? schema['pattern'] : null,
    needsText: (number('minLength') ?? 0) > 0,
    // The program says it in words, for every face.
    restart: /needs a restart/i.test(String(schema['description'] ?? '')),
  }
}

/** What a field holds while it is edited: text, but for switches. */
export type Draft = string | boolean

export function toDraft(field: ConfigField, value: unknown): Draft {
  switch (field.kind) {
    case 'switch':
      return value === true
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : ''
    case 'json':
      return value === undefined ? '' : JSON.stringify(value, null, 2)
    default:
      return value === undefined || value === null ? '' : String(value)
  }
}

export type Checked = { ok: true; value: unknown } | { ok: false; problem: string }

export function check(field: ConfigField, draft: Draft): Checked {
  const wrong = (key: string, fill: Record<string, string | number> = {}): Checked => ({
    ok: false,
    problem: problem(key, fill),
  })
  if (typeof draft === 'boolean') return { ok: true, value: draft }
  const text = draft.trim()
  switch (field.kind) {
    case 'integer':
    case 'number': {
      const whole = field.kind === 'integer'
      if (!(whole ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/).test(text)) return wrong('common:number')
      const value = Number(text)
      const { min, max } = field
      if ((min !== null && value < min) || (max !== null && value > max)) {
        return wrong('common:between', { min: min ?? '–', max: max ?? '–' })
      }
      return { ok: true, value }
    }
    case 'lines':
      return { ok: true, value: text === '' ? [] : text.split('\n').map((it) => it.trim()).filter(Boolean) }
    case 'json':
      try {
        return { ok: true, value: JSON.parse(text) as unknown }
      } catch {
        return wrong('settings:badJson')
      }
    case 'text':
      if (field.needsText && text === '') return wrong('common:required')
      if (field.uri && !/^https?:\/\/[^\s]+$/.test(text)) return wrong('settings:badUrl')
      if (field.pattern !== null && !new RegExp(field.pattern).test(text)) {
        return wrong('settings:badPattern', { pattern: field.pattern })
      }
      return { ok: true, value: text }
    case 'choice':
    case 'fixed':
      return { ok: true, value: text }
    case 'long':
      return { ok: true, value: draft }
    case 'switch':
      return { ok: true, value: draft }
  }
}

export function getAt(config: unknown, path: string): unknown {
  let at = config
  for (const name of path.split('.')) at = isRecord(at) ? at[name] : undefined
  return at
}

/** Values by path as the part of a configuration that holds them. */
export function patchOf(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const patch: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const names = path.split('.')
    const last = names.pop() ?? path
    let at = patch
    for (const name of names) {
      const inner = at[name]
      const next = isRecord(inner) ? inner : {}
      at[name] = next
      at = next
    }
    at[last] = value
  }
  return patch
}

export type SectionId = 'general' | 'gateway' | 'scheduling' | 'requests' | 'tokens' | 'usage' | 'advanced'
export const SECTIONS: readonly SectionId[] = [
  'general',
  'gateway',
  'scheduling',
  'requests',
  'tokens',
  'usage',
  'advanced',
]

export function sectionOf(path: string): SectionId {
  if (path.startsWith('gateway.')) return 'gateway'
  if (path.startsWith('scheduling.') || path.startsWith('settings.api_key.')) return 'scheduling'
  if (path.startsWith('settings.request.')) return 'requests'
  if (path.startsWith('settings.token_refresh.')) return 'tokens'
  if (path.startsWith('usage.') || path.startsWith('prices')) return 'usage'
  if (path.startsWith('settings.')) return 'advanced'
  return 'general'
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
