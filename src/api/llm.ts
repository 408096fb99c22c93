// A message to a model in one of the four protocols, through the gateway, as its answer arrives.
import { isRecord } from '../lib/invariant'
import type { SseEvent } from '../lib/sse'

export const DIALECTS = ['anthropic', 'responses', 'chat', 'gemini'] as const
export type Dialect = (typeof DIALECTS)[number]

export interface Ask {
  dialect: Dialect
  model: string
  system: string
  message: string
  maxTokens: number
  clientKey: string
}

export interface LlmRequest {
  path: string
  headers: Record<string, string>
  body: string
}

export function toRequest(ask: Ask): LlmRequest {
  const { dialect, model, system, message, maxTokens, clientKey } = ask
  const json = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const bearer = { ...json, authorization: `Bearer ${clientKey}` }
  switch (dialect) {
    case 'anthropic':
      return {
        path: '/v1/messages',
        headers: { ...json, 'x-api-key': clientKey, 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({
          model,
          max_tokens: maxTokens,
          stream: true,
          ...(system === '' ? {} : { system }),
          messages: [{ role: 'user', content: message }],
        }),
      }
    case 'responses':
      return {
        path: '/v1/responses',
        headers: bearer,
        body: JSON.stringify({
          model,
          stream: true,
          store: false,
          max_output_tokens: maxTokens,
          ...(system === '' ? {} : { instructions: system }),
          input: [{ role: 'user', content: [{ type: 'input_text', text: message }] }],
        }),
      }
    case 'chat':
      return {
        path: '/v1/chat/completions',
        headers: bearer,
        body: JSON.stringify({
          model,
          stream: true,
          stream_options: { include_usage: true },
          max_tokens: maxTokens,
          messages: [
            ...(system === '' ? [] : [{ role: 'system', content: system }]),
            { role: 'user', content: message },
          ],
        }),
      }
    case 'gemini':
      return {
        path: `/v1beta/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`,
        headers: { ...json, 'x-goog-api-key': clientKey },
        body: JSON.stringify({
          ...(system === '' ? {} : { systemInstruction: { parts: [{ text: system }] } }),
          contents: [{ role: 'user', parts: [{ text: message }] }],
          generationConfig: { maxOutputTokens: maxTokens },
        }),
      }
  }
}

/** What one event of an answer adds. */
export interface Piece {
  text: string
  thinking: string
  /** Why it ended, if this event says so. */
  stop: string | null
  input: number | null
  output: number | null
  error: string | null
}

const NOTHING: Piece = { text: '', thinking: '', stop: null, input: null, output: null, error: null }

export function readPiece(dialect: Dialect, event: SseEvent): Piece {
  if (event.data === '[DONE]') return NOTHING
  let data: unknown
  try {
    data = JSON.parse(event.data)
  } catch {
    return NOTHING
  }
  if (!isRecord(data)) return NOTHING
  const error = errorOf(data)
  if (error !== null) return { ...NOTHING, error }
  switch (dialect) {
    case 'anthropic':
      return anthropic(data)
    case 'responses':
      return responses(data)
    case 'chat':
      return chat(data)
    case 'gemini':
      return gemini(data)
  }
}

/** The text of an error in any of the four, in a stream or as a whole answer. */
export function errorOf(data: unknown): string | null {
  if (!isRecord(data)) return null
  const error = data['error']
  if (isRecord(error)) return typeof error['message'] === 'string' ? error['message'] : 'error'
  if (typeof error === 'string') return error
  const response = data['response']
  if (data['type'] === 'response.failed' && isRecord(response)) return errorOf(response)
  return data['type'] === 'error' && typeof data['message'] === 'string' ? data['message'] : null
}

function anthropic(data: Record<string, unknown>): Piece {
  const delta = record(data['delta'])
  const usage = record(data['usage']) ?? record(record(data['message'])?.['usage'])
  return {
    ...NOTHING,
    text: string(delta?.['text']),
    thinking: string(delta?.['thinking']),
    stop: word(delta?.['stop_reason']),
    input: number(usage?.['input_tokens']),
    output: number(usage?.['output_tokens']),
  }
}

function responses(data: Record<string, unknown>): Piece {
  const type = data['type']
  const delta = string(data['delta'])
  const response = record(data['response'])
  const usage = record(response?.['usage'])
  const over = type === 'response.completed' || type === 'response.incomplete'
  return {
    ...NOTHING,
    text: type === 'response.output_text.delta' || type === 'response.refusal.delta' ? delta : '',
    thinking:
      type === 'response.reasoning_summary_text.delta' || type === 'response.reasoning_text.delta'
        ? delta
        : '',
    stop: over ? word(response?.['status']) : null,
    input: number(usage?.['input_tokens']),
    output: number(usage?.['output_tokens']),
  }
}

function chat(data: Record<string, unknown>): Piece {
  const choices = data['choices']
  const choice = Array.isArray(choices) ? record(choices[0]) : null
  const delta = record(choice?.['delta'])
  const usage = record(data['usage'])
  return {
    ...NOTHING,
    text: string(delta?.['content']) || string(delta?.['refusal']),
    thinking: string(delta?.['reasoning_content']) || string(delta?.['reasoning']),
    stop: word(choice?.['finish_reason']),
    input: number(usage?.['prompt_tokens']),
    output: number(usage?.['completion_tokens']),
  }
}

function gemini(data: Record<string, unknown>): Piece {
  const candidates = data['candidates']
  const candidate = Array.isArray(candidates) ? record(candidates[0]) : null
  const parts = record(candidate?.['content'])?.['parts']
  const usage = record(data['usageMetadata'])
  let text = ''
  let thinking = ''
  for (const part of Array.isArray(parts) ? parts : []) {
    const it = record(part)
    if (it?.['thought'] === true) thinking += string(it['text'])
    else text += string(it?.['text'])
  }
  return {
    ...NOTHING,
    text,
    thinking,
    stop: word(candidate?.['finishReason']),
    input: number(usage?.['promptTokenCount']),
    output: number(usage?.['candidatesTokenCount']),
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return isRecord(value) ? value : null
}
function string(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
function word(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
