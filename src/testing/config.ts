// A configuration with one field of each kind.
export const CONFIG: Record<string, unknown> = {
  enabled: true,
  timeout_ms: 600_000,
  settings: {
    factory: { api_base_url: 'https://api.factory.ai/api/llm' },
    request: { system_prompt: 'You are Droid.' },
  },
  gateway: { listen: '127.0.0.1:8787' },
  scheduling: { strategy: 'priority_lru', strikes: 3, strike_window_seconds: 600 },
  models: [],
  model_redirects: { 'gpt-5': 'gpt-5-2025-08-07' },
  proxies: [],
}

const object = (properties: Record<string, unknown>) => ({ type: 'object', properties })

export const SCHEMA = object({
  enabled: { type: 'boolean', title: 'Enabled', description: 'Off answers an error.', default: true },
  timeout_ms: {
    type: 'integer',
    minimum: 1000,
    maximum: 86_400_000,
    title: 'Idle timeout (ms)',
    description: 'Longest silence.',
    default: 600_000,
  },
  settings: object({
    factory: object({
      api_base_url: {
        type: 'string',
        format: 'uri',
        title: 'API base URL',
        description: 'Base of the model endpoints.',
        default: 'https://api.factory.ai/api/llm',
      },
    }),
    request: object({
      system_prompt: {
        type: 'string',
        maxLength: 100_000,
        title: 'System prompt',
        description: 'Put first.',
        default: 'You are Droid.',
      },
    }),
  }),
  gateway: object({
    listen: {
      type: 'string',
      minLength: 1,
      title: 'Listen address',
      description: 'Where it listens. Needs a restart.',
      default: '127.0.0.1:8787',
    },
  }),
  scheduling: object({
    strategy: {
      type: 'string',
      enum: ['priority_lru', 'random'],
      title: 'Strategy',
      description: 'Order.',
      default: 'priority_lru',
    },
  }),
  models: { type: 'array', items: { type: 'object' }, default: [] },
  model_redirects: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
  proxies: { type: 'array', items: { type: 'object' }, default: [] },
})
