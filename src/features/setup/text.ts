const en = {
  title: 'Set up a client',
  intro: 'Copy these into a client and it uses this gateway.',
  key: 'Client key to fill in',
  keyHelp: 'Paste one, or make one. It is shown only here and is forgotten when you leave the page.',
  makeKey: 'Make a client key',
  keyName: 'For {{client}}',
  keyMade: 'A client key was made and filled in',
  noGatewayBody: 'Until then the usual address is filled in.',
  client_claude: 'Claude Code',
  client_codex: 'Codex',
  client_droid: 'Droid CLI',
  client_python: 'Python',
  client_javascript: 'JavaScript',
  client_gemini: 'Gemini SDK',
  client_curl: 'curl',
}

const zh: typeof en = {
  title: '接入客户端',
  intro: '将以下内容复制到客户端，即可使用本网关。',
  key: '要填入的客户端密钥',
  keyHelp: '粘贴已有密钥或新建一个。只在此显示，离开页面即丢弃。',
  makeKey: '新建客户端密钥',
  keyName: '用于 {{client}}',
  keyMade: '已新建客户端密钥并填入',
  noGatewayBody: '在此之前填入的是常用地址。',
  client_claude: 'Claude Code',
  client_codex: 'Codex',
  client_droid: 'Droid CLI',
  client_python: 'Python',
  client_javascript: 'JavaScript',
  client_gemini: 'Gemini SDK',
  client_curl: 'curl',
}

export const setup = { en, zh }
