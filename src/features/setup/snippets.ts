// What each client needs to know to use this gateway.

export interface Snippet {
  label: string
  text: string
}

export const CLIENTS = ['claude', 'codex', 'droid', 'python', 'javascript', 'gemini', 'curl'] as const
export type ClientId = (typeof CLIENTS)[number]

export interface Filled {
  url: string
  key: string
  /** Of the first model at each endpoint. */
  claude: string
  gpt: string
}

export function snippets(client: ClientId, { url, key, claude, gpt }: Filled): Snippet[] {
  switch (client) {
    case 'claude':
      return [
        {
          label: '~/.claude/settings.json',
          text: json({
            env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: key, ANTHROPIC_MODEL: claude },
          }),
        },
        {
          label: 'Shell',
          text: `export ANTHROPIC_BASE_URL=${url}\nexport ANTHROPIC_AUTH_TOKEN=${key}\nexport ANTHROPIC_MODEL=${claude}\nclaude`,
        },
      ]
    case 'codex':
      return [
        {
          label: '~/.codex/config.toml',
          text: `model = "${gpt}"\nmodel_provider = "droid"\n\n[model_providers.droid]\nname = "Droid Provider"\nbase_url = "${url}/v1"\nwire_api = "responses"\nenv_key = "DROID_PROVIDER_KEY"`,
        },
        { label: 'Shell', text: `export DROID_PROVIDER_KEY=${key}\ncodex` },
      ]
    case 'droid':
      return [
        {
          label: '~/.factory/config.json',
          text: json({
            custom_models: [
              {
                model_display_name: `${claude} (gateway)`,
                model: claude,
                base_url: url,
                api_key: key,
                provider: 'anthropic',
              },
              {
                model_display_name: `${gpt} (gateway)`,
                model: gpt,
                base_url: `${url}/v1`,
                api_key: key,
                provider: 'openai',
              },
            ],
          }),
        },
      ]
    case 'python':
      return [
        {
          label: 'anthropic',
          text: `from anthropic import Anthropic\n\nclient = Anthropic(base_url="${url}", api_key="${key}")\nmessage = client.messages.create(\n    model="${claude}",\n    max_tokens=1024,\n    messages=[{"role": "user", "content": "Hello"}],\n)\nprint(message.content[0].text)`,
        },
        {
          label: 'openai',
          text: `from openai import OpenAI\n\nclient = OpenAI(base_url="${url}/v1", api_key="${key}")\nresponse = client.responses.create(model="${gpt}", input="Hello")\nprint(response.output_text)`,
        },
      ]
    case 'javascript':
      return [
        {
          label: '@anthropic-ai/sdk',
          text: `import Anthropic from '@anthropic-ai/sdk'\n\nconst client = new Anthropic({ baseURL: '${url}', apiKey: '${key}' })\nconst message = await client.messages.create({\n  model: '${claude}',\n  max_tokens: 1024,\n  messages: [{ role: 'user', content: 'Hello' }],\n})\nconsole.log(message.content)`,
        },
        {
          label: 'openai',
          text: `import OpenAI from 'openai'\n\nconst client = new OpenAI({ baseURL: '${url}/v1', apiKey: '${key}' })\nconst response = await client.responses.create({ model: '${gpt}', input: 'Hello' })\nconsole.log(response.output_text)`,
        },
      ]
    case 'gemini':
      return [
        {
          label: 'google-genai (Python)',
          text: `from google import genai\n\nclient = genai.Client(api_key="${key}", http_options={"base_url": "${url}"})\nresponse = client.models.generate_content(model="${claude}", contents="Hello")\nprint(response.text)`,
        },
      ]
    case 'curl':
      return [
        {
          label: 'Anthropic Messages',
          text: `curl ${url}/v1/messages \\\n  -H "x-api-key: ${key}" \\\n  -H "anthropic-version: 2023-06-01" \\\n  -H "content-type: application/json" \\\n  -d '{"model": "${claude}", "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello"}]}'`,
        },
        {
          label: 'OpenAI Chat Completions',
          text: `curl ${url}/v1/chat/completions \\\n  -H "authorization: Bearer ${key}" \\\n  -H "content-type: application/json" \\\n  -d '{"model": "${gpt}", "messages": [{"role": "user", "content": "Hello"}]}'`,
        },
      ]
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
