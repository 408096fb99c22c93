// Made from the program's types: `UPDATE_DOCS=1 cargo test --test tidy` writes it anew.

/** How many accounts there are. */
export type AccountCounts = {
  active: number;
  cooling: number;
  error: number;
  total: number;
};

/** What is said of an account; what is left out stays as it is. */
export type AccountSpec = {
  /** The access token, if one is at hand. */
  access_token?: string | null;
  /** The keys of a pool. */
  api_keys?: KeyList | null;
  /** The person's switch. */
  enabled?: boolean | null;
  /** The endpoint it is for. */
  endpoint_type?: Endpoint | null;
  /** When the access token ends, RFC 3339. */
  expires_at?: string | null;
  /** A file to import instead. */
  file_path?: string | null;
  /** Group ids. */
  groups?: string[] | null;
  /** How a key is chosen in a pool. */
  key_strategy?: Strategy | null;
  /** 0 is no limit. */
  max_concurrency?: number | null;
  /** What the person calls it. */
  name?: string | null;
  /** The organisation to ask tokens for; null or empty: whichever the sign-in service chooses. */
  organization_id?: string | null;
  /** The owner's email. */
  owner_email?: string | null;
  /** The owner's name. */
  owner_name?: string | null;
  /** 0 to 100. */
  priority?: number | null;
  /** URL or object; null removes it. */
  proxy?: ProxySpec | null;
  /** The refresh token. */
  refresh_token?: string | null;
  /** In the pool or only by binding. */
  schedulable?: boolean | null;
  /** RFC 3339, or a day (its end, UTC); null removes it. */
  subscription_expires_at?: string | null;
  /** For the `max_remaining` strategy; null removes it. */
  token_budget?: number | null;
  /** Null or empty: the configured one. */
  user_agent?: string | null;
  /** The sign-in service's id of the owner. */
  user_id?: string | null;
};

/** An account on loan, as the host reads it (host contract). */
export type Acquired = {
  auth_type: Kind;
  base_url: string;
  headers: Record<string, string>;
  /** A stored Factory identity; the host's `credential_id`. */
  id: string;
  metadata: AcquiredMetadata;
  name: string;
};

/** Where the request goes, and what gives the account back. */
export type AcquiredMetadata = {
  /** One key of a key pool. */
  api_key_id?: string | null;
  api_provider: string;
  endpoint_type: Endpoint;
  expires_at?: string | null;
  explain?: Selection | null;
  /** One use of an account, from acquire to release. */
  lease_id: string;
  model: string;
};

/** A way to add an account. */
export type AuthType = {
  category: string;
  description: string;
  display_name: string;
  id: string;
};

/** A copy in the data folder. */
export type Backup = {
  /** Its size. */
  bytes: number;
  /** When it was written. */
  created_at: string;
  /** The name of its file. */
  name: string;
  /** Why it was made: somebody `asked`, or before an `upgrade` or a `restore`. */
  reason: "asked" | "upgrade" | "restore";
};

/** The copies in the data folder. */
export type Backups = {
  /** The newest first. */
  backups: Backup[];
  /** Where they are, for the command `restore`. */
  folder: string;
  /** What opens the secrets of a copy that is made now: the `key_file` in the data folder, or the `passphrase` in DROID_ENCRYPTION_KEY. */
  key: string;
};

/** What a content block holds. */
export type BlockType = "text" | "thinking" | "redacted_thinking" | "tool_use" | "refusal" | "other";

/** One thing that was looked at. */
export type Check = {
  /** What to do, unless all is well. */
  hint?: string | null;
  /** What was found. */
  message: string;
  /** What it is about; several may be about the same. */
  name: string;
  /** How it came out. */
  state: CheckState;
};

/** How a check came out. */
export type CheckState = "ok" | "warning" | "wrong";

/** An error as a client's protocol has it. */
export type ClientError = {
  response: unknown;
  status: number;
};

/** How much a client key may take; what is left out is without a limit. */
export type ClientKeyLimits = {
  /** Requests under way at the same time. */
  concurrency?: number | null;
  /** In dollars, of a day in UTC. */
  daily_cost?: number | null;
  /** Of a day in UTC. */
  daily_tokens?: number | null;
  /** In dollars. */
  total_cost?: number | null;
  total_tokens?: number | null;
  window_requests?: number | null;
  /** The length of the sliding window, at most a week. */
  window_seconds?: number | null;
  window_tokens?: number | null;
};

/** A client key that was just made. */
export type ClientKeyMade = {
  /** Empty is all accounts. */
  binding: string;
  /** Ever, in dollars. */
  cost: number;
  created_at: string;
  enabled: boolean;
  /** When it ends, as far as that is known. */
  ends_at?: string | null;
  expires_at?: string | null;
  expires_days?: number | null;
  first_used_at?: string | null;
  /** A key this gateway issued to a client. */
  id: string;
  /** Requests under way in this process. */
  in_flight: number;
  /** The key itself: this is the only time it is shown. */
  key: string;
  last_used_at?: string | null;
  limits: ClientKeyLimits;
  /** Empty is all models. */
  models: string[];
  name: string;
  /** Ever. */
  requests: number;
  revision: number;
  /** `active`, `disabled` or `expired`. */
  status: "active" | "disabled" | "expired";
  /** What people tell it by. */
  tail: string;
  /** Ever. */
  tokens_used: number;
};

/** A client key, without the key. */
export type ClientKeyView = {
  /** Empty is all accounts. */
  binding: string;
  /** Ever, in dollars. */
  cost: number;
  created_at: string;
  enabled: boolean;
  /** When it ends, as far as that is known. */
  ends_at?: string | null;
  expires_at?: string | null;
  expires_days?: number | null;
  first_used_at?: string | null;
  /** A key this gateway issued to a client. */
  id: string;
  /** Requests under way in this process. */
  in_flight: number;
  last_used_at?: string | null;
  limits: ClientKeyLimits;
  /** Empty is all models. */
  models: string[];
  name: string;
  /** Ever. */
  requests: number;
  revision: number;
  /** `active`, `disabled` or `expired`. */
  status: "active" | "disabled" | "expired";
  /** What people tell it by. */
  tail: string;
  /** Ever. */
  tokens_used: number;
};

export type Config = {
  /** Off answers every call that needs an account with an error. */
  enabled: boolean;
  gateway: {
    /** Names beside those of this machine that the admin API may be asked under. */
    allowed_hosts: string[];
    /** How long a request's body may pause while it is sent. */
    body_timeout_seconds: number;
    /** From the order to stop to the end of what is in flight then. Needs a restart. */
    drain_seconds: number;
    /** Clients may send a Factory key of their own in X-Factory-API-Key. */
    factory_key_header: boolean;
    /** How long the head of a request may take, and a connection may wait for one. Needs a restart. */
    header_timeout_seconds: number;
    /** Where the gateway listens. Beyond this machine only with an admin key and a client key. Needs a restart. */
    listen: string;
    /** Of a request. */
    max_body_bytes: number;
    /** At the same time; more wait to be taken. Needs a restart. */
    max_connections: number;
    /** A client's own Authorization goes upstream where no client key is sent. */
    pass_through: boolean;
    /** A stream that is silent for so long gets one. */
    ping_seconds: number;
  };
  /** Model asked for to model sent; names may begin or end with *. Applied once. */
  model_redirects: Record<string, string>;
  /** The catalogue; any other model still routes by its name. */
  models: {
    aliases?: string[];
    context_length?: number;
    id: string;
    name?: string;
    provider?: string;
    reasoning?: "auto" | "off" | "low" | "medium" | "high";
    supports_tools?: boolean;
    supports_vision?: boolean;
    type: "anthropic" | "openai" | "comm" | "google";
  }[];
  /** Dollars for a million tokens by model, whose name may have *; the longest name that fits counts. A cache price that is left out is the input's. */
  prices: Record<string, {
    cache_read?: number;
    cache_write_1h?: number;
    cache_write_5m?: number;
    input: number;
    output: number;
  }>;
  /** For accounts without one of their own, taken in turn: http, https or socks5. */
  proxies: {
    name?: string;
    url: string;
  }[];
  scheduling: {
    /** A lease nobody gave back ends after this. */
    lease_ttl_seconds: number;
    /** Accounts tried for one request. */
    max_attempts: number;
    /** Unless upstream names a later reset of a quota. */
    max_cooldown_seconds: number;
    /** Longest pause of one model on one account. */
    model_cooldown_seconds: number;
    /** Pause after a 429 that names no time. */
    rate_cooldown_seconds: number;
    /** Order among accounts that are in no group. */
    strategy: "priority_lru" | "round_robin" | "random" | "least_used" | "least_token_used" | "max_remaining" | "weighted_score" | "fill_first";
    /** How long a credential fault counts as a strike. */
    strike_window_seconds: number;
    /** Credential faults within the strike window that stop an account or key. */
    strikes: number;
    /** After a transient fault; doubles with each one. */
    transient_first_seconds: number;
    /** After transient faults in a row. */
    transient_max_seconds: number;
  };
  settings: {
    api_key: {
      /** How long a session keeps its account and key after its last request. */
      sticky_ttl_seconds: number;
      /** How a key is chosen for a new session. */
      strategy: "random_sticky" | "random" | "round_robin" | "priority_lru" | "least_used" | "least_token_used" | "weighted_score" | "fill_first";
    };
    encryption: {
      /** Secrets at rest; cannot be changed. */
      algorithm: "aes-256-cbc";
      /** From DROID_ENCRYPTION_KEY; cannot be changed. */
      key_derivation: "scrypt";
      /** Only for reading old records; cannot be changed. */
      salt: "droid-account-salt";
    };
    factory: {
      /** Base of the model endpoints. */
      api_base_url: string;
      /** Base of the application, for organisations. */
      app_base_url: string;
      endpoints: {
        /** Messages, below the API base URL. */
        anthropic: string;
        /** Chat completions, below the API base URL. */
        comm: string;
        /** Gemini, below the API base URL. */
        google: string;
        /** Responses, below the API base URL. */
        openai: string;
      };
    };
    request: {
      /** anthropic-beta values that are never sent upstream. */
      beta_denylist: string[];
      /** Put first in every request; empty puts nothing. */
      system_prompt: string;
      /** Of accounts without their own. */
      user_agent: string;
    };
    token_refresh: {
      /** Off refreshes only on demand: an expired token, a 401, or a person's order. */
      auto_refresh: boolean;
      /** Tries of one refresh. */
      max_retry: number;
      /** A token older than this is refreshed before use. */
      refresh_interval_hours: number;
      /** Pause before the second try; doubles. */
      retry_delay_ms: number;
      /** How long a token lives when the answer does not tell. */
      token_valid_hours: number;
    };
    workos: {
      /** Where tokens are issued and refreshed. */
      auth_url: string;
      /** Where a browser sign-in begins. */
      authorize_url: string;
      /** The public OAuth client id. */
      client_id: string;
      /** Where a device sign-in begins. */
      device_url: string;
    };
  };
  /** Longest silence of an upstream answer. A live stream has no total limit. */
  timeout_ms: number;
  usage: {
    /** Days that single requests are kept, without their content. */
    request_log_days: number;
    /** Days that sums of usage are kept. */
    retention_days: number;
  };
};

/** Where it was read and where changes go. */
export type ConfigOrigin = {
  /** Each over the one before. */
  files: string[];
  user_file: string | null;
};

export type ConfigPatch = {
  /** Off answers every call that needs an account with an error. */
  enabled?: boolean;
  gateway?: {
    /** Names beside those of this machine that the admin API may be asked under. */
    allowed_hosts?: string[];
    /** How long a request's body may pause while it is sent. */
    body_timeout_seconds?: number;
    /** From the order to stop to the end of what is in flight then. Needs a restart. */
    drain_seconds?: number;
    /** Clients may send a Factory key of their own in X-Factory-API-Key. */
    factory_key_header?: boolean;
    /** How long the head of a request may take, and a connection may wait for one. Needs a restart. */
    header_timeout_seconds?: number;
    /** Where the gateway listens. Beyond this machine only with an admin key and a client key. Needs a restart. */
    listen?: string;
    /** Of a request. */
    max_body_bytes?: number;
    /** At the same time; more wait to be taken. Needs a restart. */
    max_connections?: number;
    /** A client's own Authorization goes upstream where no client key is sent. */
    pass_through?: boolean;
    /** A stream that is silent for so long gets one. */
    ping_seconds?: number;
  };
  /** Model asked for to model sent; names may begin or end with *. Applied once. */
  model_redirects?: Record<string, string>;
  /** The catalogue; any other model still routes by its name. */
  models?: {
    aliases?: string[];
    context_length?: number;
    id: string;
    name?: string;
    provider?: string;
    reasoning?: "auto" | "off" | "low" | "medium" | "high";
    supports_tools?: boolean;
    supports_vision?: boolean;
    type: "anthropic" | "openai" | "comm" | "google";
  }[];
  /** Dollars for a million tokens by model, whose name may have *; the longest name that fits counts. A cache price that is left out is the input's. */
  prices?: Record<string, {
    cache_read?: number;
    cache_write_1h?: number;
    cache_write_5m?: number;
    input: number;
    output: number;
  }>;
  /** For accounts without one of their own, taken in turn: http, https or socks5. */
  proxies?: {
    name?: string;
    url: string;
  }[];
  scheduling?: {
    /** A lease nobody gave back ends after this. */
    lease_ttl_seconds?: number;
    /** Accounts tried for one request. */
    max_attempts?: number;
    /** Unless upstream names a later reset of a quota. */
    max_cooldown_seconds?: number;
    /** Longest pause of one model on one account. */
    model_cooldown_seconds?: number;
    /** Pause after a 429 that names no time. */
    rate_cooldown_seconds?: number;
    /** Order among accounts that are in no group. */
    strategy?: "priority_lru" | "round_robin" | "random" | "least_used" | "least_token_used" | "max_remaining" | "weighted_score" | "fill_first";
    /** How long a credential fault counts as a strike. */
    strike_window_seconds?: number;
    /** Credential faults within the strike window that stop an account or key. */
    strikes?: number;
    /** After a transient fault; doubles with each one. */
    transient_first_seconds?: number;
    /** After transient faults in a row. */
    transient_max_seconds?: number;
  };
  settings?: {
    api_key?: {
      /** How long a session keeps its account and key after its last request. */
      sticky_ttl_seconds?: number;
      /** How a key is chosen for a new session. */
      strategy?: "random_sticky" | "random" | "round_robin" | "priority_lru" | "least_used" | "least_token_used" | "weighted_score" | "fill_first";
    };
    encryption?: {
      /** Secrets at rest; cannot be changed. */
      algorithm?: "aes-256-cbc";
      /** From DROID_ENCRYPTION_KEY; cannot be changed. */
      key_derivation?: "scrypt";
      /** Only for reading old records; cannot be changed. */
      salt?: "droid-account-salt";
    };
    factory?: {
      /** Base of the model endpoints. */
      api_base_url?: string;
      /** Base of the application, for organisations. */
      app_base_url?: string;
      endpoints?: {
        /** Messages, below the API base URL. */
        anthropic?: string;
        /** Chat completions, below the API base URL. */
        comm?: string;
        /** Gemini, below the API base URL. */
        google?: string;
        /** Responses, below the API base URL. */
        openai?: string;
      };
    };
    request?: {
      /** anthropic-beta values that are never sent upstream. */
      beta_denylist?: string[];
      /** Put first in every request; empty puts nothing. */
      system_prompt?: string;
      /** Of accounts without their own. */
      user_agent?: string;
    };
    token_refresh?: {
      /** Off refreshes only on demand: an expired token, a 401, or a person's order. */
      auto_refresh?: boolean;
      /** Tries of one refresh. */
      max_retry?: number;
      /** A token older than this is refreshed before use. */
      refresh_interval_hours?: number;
      /** Pause before the second try; doubles. */
      retry_delay_ms?: number;
      /** How long a token lives when the answer does not tell. */
      token_valid_hours?: number;
    };
    workos?: {
      /** Where tokens are issued and refreshed. */
      auth_url?: string;
      /** Where a browser sign-in begins. */
      authorize_url?: string;
      /** The public OAuth client id. */
      client_id?: string;
      /** Where a device sign-in begins. */
      device_url?: string;
    };
  };
  /** Longest silence of an upstream answer. A live stream has no total limit. */
  timeout_ms?: number;
  usage?: {
    /** Days that single requests are kept, without their content. */
    request_log_days?: number;
    /** Days that sums of usage are kept. */
    retention_days?: number;
  };
};

/** The configuration in force. */
export type ConfigShown = {
  config: Config;
  /** Keys that are read when a process starts. */
  needs_restart: string[];
  origin: ConfigOrigin;
  /** For `update_config`: what it was read at. */
  revision: number;
};

/** One account. */
export type Considered = {
  /** Which. */
  account: string;
  /** What the person calls it. */
  name: string;
  /** 1 is tried first; none is not tried. */
  position: number | null;
  /** Tried in spite of its pause, since everything pauses. */
  probe: boolean;
  /** The same for a person. */
  sentence: string;
  /** Why it is not tried. */
  skipped: SkipReason | null;
  /** Keys of its pool that this request would not go out with, 100 at most. */
  skipped_keys?: SkippedKey[];
  /** The session's own. */
  sticky: boolean;
  /** When its recent credential faults were: `scheduling.strikes` of them stop it. */
  strikes?: string[];
  /** The group in whose turn it comes; none is the tier of those in no group. */
  tier: string | null;
};

/** A pause. */
export type Cooling = {
  reason: string;
  until: string;
};

/** An account that was added. */
export type CreatedCredential = {
  /** A stored Factory identity; the host's `credential_id`. */
  credential_id: string;
  /** What became of each key of a pool. */
  keys?: KeyResult[] | null;
  name: string;
};

/** An account. */
export type Credential = {
  auth_type: Kind;
  cooling?: Cooling | null;
  created_at: string;
  credential_id: string;
  enabled: boolean;
  endpoint_type: Endpoint;
  error?: string | null;
  expires_at?: string | null;
  groups: string[];
  has_proxy: boolean;
  /** One word for a list: what traffic does. */
  health: "healthy" | "cooling" | "expired" | "no_keys" | "error" | "needs_login" | "disabled";
  id: string;
  /** Requests that are being answered with it, in all processes; where it has a limit. */
  in_flight?: number | null;
  key_strategy?: Strategy | null;
  keys?: Keys | null;
  last_refresh_at?: string | null;
  last_used_at?: string | null;
  max_concurrency: number;
  model_cooling?: ModelCooling[];
  name: string;
  organization_id?: string | null;
  /** Something personal. */
  owner_email?: string | null;
  /** Something personal. */
  owner_name?: string | null;
  priority: number;
  proxy?: string | null;
  revision: number;
  schedulable: boolean;
  status: Status;
  /** When its recent credential faults were: so many of them stop it. */
  strikes?: string[];
  subscription_expires_at?: string | null;
  token_budget?: number | null;
  tokens_used: number;
  user_agent?: string | null;
  user_id?: string | null;
  uses: number;
};

/** A wire protocol. A client speaks one, an endpoint speaks one. */
export type Dialect = "anthropic" | "responses" | "chat" | "gemini";

/** An empty result, `{}`. */
export type Empty = Record<string, never>;

/** How a stream ended, told to whoever consumes it. */
export type End = "done" | "truncated" | "failed";

/** Where Factory takes a request (seed S0 §1.5; `google` from the CLI's own configuration). */
export type Endpoint = "anthropic" | "openai" | "comm" | "google";

/** Where Factory takes requests. */
export type EndpointInfo = {
  protocol: Dialect;
  type: Endpoint;
  url: string;
};

/** One thing that happened in a response. Serialised as `{"type": "text_delta", ...}`. */
export type Event = {
  /** Upstream's id of the message or response. */
  id: string;
  /** Upstream's name of the model. */
  model: string;
  type: "message_start";
} | {
  /** What the block holds. */
  block_type: BlockType;
  /** The opaque payload of a [`BlockType::RedactedThinking`] block. */
  data?: string | null;
  /** Position of the block in the message. */
  index: number;
  type: "content_block_start";
} | {
  /** The block it belongs to. */
  index: number;
  /** The text. */
  text: string;
  type: "text_delta";
} | {
  /** The block it belongs to. */
  index: number;
  /** The text. */
  thinking: string;
  type: "thinking_delta";
} | {
  /** The block it belongs to. */
  index: number;
  /** The signature, byte for byte. */
  signature: string;
  type: "signature_delta";
} | {
  /** The call's id, which its result will name. */
  id: string;
  /** The block it belongs to. */
  index: number;
  /** The tool's name. */
  name: string;
  type: "tool_use_start";
} | {
  /** The call's id. */
  id: string;
  /** The block it belongs to. */
  index: number;
  /** The piece; never valid JSON by itself unless it is the only one. */
  partial_json: string;
  type: "tool_use_input_delta";
} | {
  /** The call's id. */
  id: string;
  /** The block it belongs to. */
  index: number;
  type: "tool_use_stop";
} | {
  /** The block. */
  index: number;
  type: "content_block_stop";
} | (Usage & {
  type: "usage";
}) | {
  /** Why. */
  stop_reason: StopReason;
  /** The stop string that was hit, where upstream tells it. */
  stop_sequence?: string | null;
  type: "message_stop";
} | {
  /** Upstream's own name for it, or `truncated`. */
  error_type: string;
  /** Upstream's text. */
  message: string;
  type: "error";
} | {
  type: "ping";
};

/** What was looked at. */
export type Examined = {
  checks: Check[];
  /** Nothing is wrong. */
  ok: boolean;
};

/** A file with every account. Secret, sealed or not: only who asked for it has use for it. */
export type Exported = {
  accounts: number;
  /** What to write into it. */
  content: string;
  /** What to call it. */
  file_name: string;
  keys: number;
  sealed: boolean;
};

/** The keys themselves. */
export type ExportedKeys = {
  count: number;
  /** A key a line. */
  text: string;
};

/** A named set of models, for the host's tiers (seed S1 §3.3). */
export type Family = {
  /** Its name. */
  name: string;
  /** Which ids belong to it. */
  pattern: string;
};

/** The two ways to sign in. */
export type Flow = "device" | "pkce";

/** Whether a gateway answers. */
export type Gateway = {
  running: boolean;
  url?: string | null;
};

/** What this installation is. */
export type GatewayStatus = {
  accounts: AccountCounts;
  /** The files the configuration was read from. */
  config_origin: string[];
  data_dir: string;
  encryption: "key_file" | "passphrase";
  gateway: Gateway;
  version: string;
};

/** A group. */
export type Group = {
  accounts: number;
  created_at: string;
  id: string;
  name: string;
  priority: number;
  revision: number;
  strategy: Strategy;
};

/** The host's `UsageResult` (host contract), in its own case and in lower case. */
export type HostResult = {
  Success: {
    input_tokens?: number | null;
    latency_ms?: number | null;
    output_tokens?: number | null;
  };
} | {
  Error: {
    cooldown_seconds?: number | null;
    error_type?: string;
    /** Said by the host, but what a fault does is decided by the fault. */
    mark_unhealthy?: boolean | null;
    message?: string;
  };
};

/** What became of a file. */
export type ImportReport = {
  /** Lines of each outcome. */
  added: number;
  /** Nothing was stored. */
  dry_run: boolean;
  /** Which format it is in. */
  format: string;
  /** It was stored already. */
  known: number;
  /** One for each group, account and part of the configuration, in the order of the file. */
  lines: ImportedLine[];
  /** Keys went into a pool of that name, or a setting was put in place of another. */
  merged: number;
  /** It cannot be taken; its line says why. */
  skipped: number;
};

/** What became of one source. */
export type Imported = {
  /** The account, where there is one. */
  credential_id?: string | null;
  /** For a person. */
  message: string;
  /** `added`, `known` or `refused`. */
  outcome: "added" | "known" | "refused";
  /** The file or variable. */
  source: string;
};

/** What became of one thing in a file. Never a secret. */
export type ImportedLine = {
  /** Where it stands. */
  at: string;
  /** The account, where there is one. */
  credential_id?: string | null;
  /** For a person: why. */
  message: string;
  /** What it is called. */
  name?: string | null;
  /** `added`, `merged`, `known` or `skipped`. */
  outcome: "added" | "merged" | "known" | "skipped";
  /** `account`, `group` or `configuration`. */
  what: "account" | "group" | "configuration";
};

/** What this plugin is and can do (seed S1 §3.3). */
export type Info = {
  auth_types: AuthType[];
  category: string;
  /** JSON Schema. */
  config_schema: unknown;
  /** JSON Schemas by auth type. */
  credential_schemas: unknown;
  description: string;
  display_name: string;
  endpoints: EndpointInfo[];
  id: string;
  methods: string[];
  model_families: Family[];
  name: string;
  target_protocol: string;
  version: string;
};

/** A key. */
export type Key = {
  cooling?: Cooling | null;
  created_at: string;
  error?: string | null;
  id: string;
  last_used_at?: string | null;
  model_cooling?: ModelCooling[];
  status: KeyStatus;
  /** When its recent credential faults were: so many of them stop it. */
  strikes?: string[];
  tail: string;
  tokens_used: number;
  uses: number;
};

/** How many keys are in each state. */
export type KeyCounts = {
  active: number;
  banned: number;
  cooling: number;
  disabled: number;
  error: number;
  total: number;
};

/** One element of a key list. */
export type KeyEntry = string | {
  /** The sealed key. */
  encrypted_key: string;
};

/** Keys as a list or as pasted text. */
export type KeyList = string | KeyEntry[];

/** What became of one key. Never the key itself. */
export type KeyResult = {
  /** Its id, unless it never got one. */
  id?: string | null;
  /** `added`, `duplicate`, `malformed`, `removed`, `not_found`; of keys to remove, one that is named again is a `duplicate`. */
  outcome: "added" | "duplicate" | "malformed" | "removed" | "not_found";
  /** `…cdef`. */
  tail: string;
};

/** Why a key is left out. */
export type KeySkip = "cooling" | "model_cooling" | "error" | "banned" | "disabled" | "excluded";

/** The state of one key (seed S3: active, disabled, banned; plus error). */
export type KeyStatus = "active" | "disabled" | "banned" | "error";

/** What upstream said to one key. */
export type KeyTested = {
  /** What is wrong, as `test_credential` tells it. */
  class?: string | null;
  /** What that means, and what to do. */
  hint?: string | null;
  /** One key of a key pool. */
  id: string;
  latency_ms: number;
  /** For a person. */
  message: string;
  /** The model that was asked. */
  model?: string | null;
  /** The request was answered. */
  ok: boolean;
  /** Upstream's HTTP status; none where it did not answer. */
  status: number | null;
  tail: string;
};

/** The keys of a pool: counted in a list, one by one in a single account. */
export type Keys = KeyCounts | Key[];

/** What became of several keys. */
export type KeysChanged = {
  /** How many were added. */
  added: number;
  /** How many were there already, or twice in the call. */
  duplicates: number;
  /** One by one, in the order they were given. */
  keys: KeyResult[];
  /** How many went. */
  removed: number;
};

/** Keys as they are now. */
export type KeysShown = {
  keys: Key[];
};

/** What upstream said to each key. */
export type KeysTested = {
  keys: KeyTested[];
};

/** How an account signs in. */
export type Kind = "workos_oauth" | "manual" | "api_key";

/** The weight of a line. */
export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";

/** A line of the log. */
export type LogLine = {
  level: LogLevel;
  message: string;
  /** The module it comes from. */
  target: string;
  time: string;
};

/** One try of a request. */
export type LoggedAttempt = {
  /** One key of a key pool. */
  api_key_id?: string | null;
  /** Of the fault; none for the try that was passed on. */
  class?: string | null;
  /** None for a key the client gave. */
  credential_id?: string | null;
  latency_ms: number;
  /** Upstream's; none where there was no answer. */
  status?: number | null;
};

/** A request that ended. */
export type LoggedRequest = {
  /** Every try, in order. */
  attempts: LoggedAttempt[];
  /** What the client speaks. */
  client: Dialect;
  /** A key this gateway issued to a client. */
  client_key_id?: string | null;
  /** In dollars. */
  cost: number;
  /** Where it went; none if it was refused before. */
  endpoint?: Endpoint | null;
  first_token_ms?: number | null;
  /** As the client was told. */
  id: string;
  latency_ms: number;
  model_asked: string;
  model_sent?: string | null;
  /** `ok`, `error:<class>`, `truncated` or `client_closed`. */
  outcome: string;
  /** Which conversation it belongs to, hashed. */
  session?: string | null;
  /** Why accounts were passed over, when none could be had. */
  skipped: LoggedSkip[];
  started_at: string;
  /** What the client got. */
  status: number;
  stream: boolean;
  upstream_request_id?: string | null;
  usage: Usage;
};

/** How many accounts were passed over for one reason. */
export type LoggedSkip = {
  accounts: number;
  reason: string;
};

/** The last lines, oldest first. */
export type Logs = {
  lines: LogLine[];
};

/** What a translation left out, for `docs/translation.md` and for whoever wants to tell the client. Names a rule, never a value. */
export type Loss = {
  /** The source field as its dialect spells it, e.g. `top_k`. */
  field: string;
  /** Why the target has no place for it. */
  rule: string;
};

/** How new keys meet the ones that are there. */
export type Mode = "append" | "replace";

/** A model of the catalogue. */
export type Model = {
  aliases: string[];
  api_provider: string;
  context_length: number;
  display_name: string;
  endpoint_type: Endpoint;
  family: string;
  id: string;
  reasoning: Reasoning;
  supports_tools: boolean;
  supports_vision: boolean;
};

/** A pause of one model. */
export type ModelCooling = {
  model: string;
  until: string;
};

/** How many keys there are in one pool. */
export type OnePoolStats = {
  active: number;
  banned: number;
  cooling: number;
  disabled: number;
  error: number;
  /** A group of accounts; chosen by the person, e.g. `team`. */
  id: string;
  total: number;
};

/** What a piece held. */
export type Parsed = {
  /** The state to hand in with the next piece, where no stream id keeps it. */
  carry?: string | null;
  /** The answer is over: nothing more will come of it. */
  done: boolean;
  /** How it ended, once it is over. */
  end?: End | null;
  /** What happened, in order. */
  events: Event[];
  /** The same as the client's protocol says it, where a client was named. */
  output?: string | null;
  /** The same, where it is cut inside of a character. */
  output_base64?: string | null;
  /** Counts so far. */
  usage: Usage;
};

/** A key and where it is. */
export type PoolKey = {
  cooling?: Cooling | null;
  created_at: string;
  /** A stored Factory identity; the host's `credential_id`. */
  credential_id: string;
  credential_name: string;
  error?: string | null;
  id: string;
  last_used_at?: string | null;
  model_cooling?: ModelCooling[];
  /** The groups of its account. */
  pools: string[];
  status: KeyStatus;
  /** When its recent credential faults were: so many of them stop it. */
  strikes?: string[];
  tail: string;
  tokens_used: number;
  uses: number;
};

/** A page of keys. */
export type PoolKeys = {
  keys: PoolKey[];
  limit: number;
  page: number;
  /** On all pages. */
  total: number;
};

/** What became of added keys. */
export type PoolKeysAdded = {
  added: number;
  /** The account they are in. */
  credential_id: string;
  duplicates: number;
  keys: KeyResult[];
  malformed: number;
};

/** The keys that are gone. */
export type PoolKeysRemoved = {
  keys: KeyResult[];
  removed: number;
};

/** How many keys there are. */
export type PoolStats = {
  active: number;
  banned: number;
  cooling: number;
  /** Accounts that are pools of keys. */
  credentials: number;
  disabled: number;
  error: number;
  /** By the group of the account; `default` is those in none. */
  pools: OnePoolStats[];
  total: number;
};

/** What upstream said to all keys. */
export type PoolTested = {
  failed: number;
  keys: KeyTested[];
  ok: number;
  tested: number;
};

/** A port as a number or in text. */
export type Port = number | string;

/** How far a sign-in is. */
export type Progress = {
  /** Seconds until the next poll does anything. */
  interval: number;
  state: "pending";
} | {
  /** It. */
  credential_id: string;
  state: "done";
} | {
  state: "expired";
} | {
  state: "denied";
};

/** The host's `ProviderError` (host contract). */
export type ProviderError = {
  /** What a client of the protocol that was asked for is to get. */
  client?: ClientError | null;
  cooldown_seconds: number | null;
  error_type: string;
  message: string;
  retryable: boolean;
  status_code: number;
};

/** A proxy as a URL or in parts (the form of claude-relay-service). */
export type ProxySpec = string | {
  /** Host name or address. */
  host: string;
  /** Password, if needed. */
  password?: string | null;
  /** Port; numbers in text are taken. */
  port: Port;
  /** `http`, `https`, `socks5`. */
  type: string;
  /** User, if needed. */
  username?: string | null;
};

/** Whether Factory can be reached through a proxy. */
export type ProxyTested = {
  latency_ms: number;
  /** For a person. */
  message: string;
  ok: boolean;
};

/** How much a model thinks (seed S2). */
export type Reasoning = "auto" | "off" | "low" | "medium" | "high";

/** A fresh token pair. Secret: only the host asks for it. */
export type RefreshedTokens = {
  access_token: string | null;
  expires_at: string | null;
  refresh_token: string;
};

/** A page of the log, newest first. */
export type RequestPage = {
  /** Where the next page begins; none when this is the last. */
  next?: string | null;
  requests: LoggedRequest[];
};

export type RiskControlled = {
  headers: Record<string, string>;
  request: unknown;
};

/** What a request would be offered. */
export type Selection = {
  /** In the order they are considered. */
  accounts: Considered[];
  endpoint_type: Endpoint;
  model: string;
};

/** Why an account is not a candidate. The first that holds, in this order. */
export type SkipReason = {
  reason: "not_bound";
} | {
  reason: "endpoint";
  /** The one it was made for. */
  serves: Endpoint;
} | {
  reason: "disabled";
} | {
  reason: "not_schedulable";
} | {
  reason: "needs_login";
} | {
  reason: "error";
} | {
  reason: "no_keys";
} | {
  reason: "subscription_expired";
  /** When. */
  since: number;
} | {
  /** Requests now. */
  in_flight: number;
  /** Requests at most. */
  max: number;
  reason: "full";
} | {
  reason: "cooling";
  /** Until then. */
  until: number;
  /** Why. */
  why: string;
} | {
  reason: "excluded";
} | {
  reason: "model_cooling";
  /** Until then. */
  until: number;
} | {
  reason: "behind";
} | {
  reason: "lower_tier";
};

/** A key that is left out. */
export type SkippedKey = {
  /** Which. */
  id: string;
  /** Why. */
  reason: KeySkip;
  /** When its recent credential faults were. */
  strikes?: string[];
  /** Its last letters. */
  tail: string;
  /** Until when, of a pause. */
  until?: string | null;
};

/** What a person needs to sign in. */
export type Started = {
  /** Seconds. */
  expires_in: number;
  /** As asked. */
  flow: Flow;
  /** Seconds between two polls. */
  interval: number;
  /** To ask on with. */
  login_id: string;
  /** What to type there. */
  user_code?: string | null;
  /** Where to go. */
  verification_uri: string;
  /** The same with the code in it. */
  verification_uri_complete?: string | null;
};

/** What usage is told apart by. */
export type StatisticsBy = "hour" | "day" | "credential" | "api_key" | "client_key" | "model";

/** Which rows come first. */
export type StatisticsOrder = "time" | "requests" | "tokens" | "cost" | "success_rate";

/** What is known of an account's credentials. */
export type Status = "active" | "error" | "needs_login" | "no_keys";

/** What waits are told apart by. */
export type Step = "hour" | "day" | "whole";

/** Why a response ended. */
export type StopReason = "end_turn" | "tool_use" | "max_tokens" | "stop_sequence" | "refusal" | "content_filter" | "pause_turn" | "model_context_window_exceeded" | "malformed_tool_call" | "other";

/** In which order candidates are offered. */
export type Strategy = "priority_lru" | "round_robin" | "random" | "least_used" | "least_token_used" | "max_remaining" | "weighted_score" | "fill_first";

export type Supported = {
  endpoint_type: Endpoint;
  model: string;
  supports: boolean;
};

/** How the trials ended. */
export type Tested = {
  failed: number;
  ok: number;
  /** One for each signed-in account and each key, in the order they were named, else of `list_credentials`. */
  results: Tried[];
  tested: number;
};

export type TransformedRequest = {
  /** How the answer is to be read: for the first piece of it, or for a whole one. */
  carry: string;
  endpoint_type: Endpoint;
  headers: Record<string, string>;
  /** What the endpoint's protocol has no place for. */
  losses: Loss[];
  /** What the client speaks. */
  protocol: Dialect;
  request: unknown;
  url: string;
};

export type TransformedResponse = {
  response: unknown;
  /** The HTTP status it comes with, where it was written anew. */
  status?: number | null;
};

/** How a trial ended. */
export type Tried = {
  /** The key of a pool. */
  api_key_id?: string | null;
  /** What is wrong: the class of the fault (`request`, `model`, `credential`, `quota`, `rate`, `transient`), or why upstream was not asked, such as `needs_login`. */
  class?: string | null;
  /** The account. */
  credential_id: string;
  /** The endpoint that was asked. */
  endpoint_type?: Endpoint | null;
  /** What that means, and what to do. */
  hint?: string | null;
  /** From sending it to the end of the answer. */
  latency_ms: number;
  /** For a person, in upstream's words where it said something. */
  message: string;
  /** The model that was asked, as upstream knows it. */
  model?: string | null;
  /** What it is called. */
  name: string;
  /** The request was answered. */
  ok: boolean;
  /** Upstream's HTTP status; none where it did not answer or was not asked. */
  status: number | null;
  /** The end of that key. */
  tail?: string | null;
  /** Tokens that it used; they are counted as any others. */
  tokens: number;
};

/** Tokens of one response. Disjoint but for `reasoning_tokens`, which is part of `output_tokens`.  Anthropic's input excludes the cache and OpenAI's and Gemini's include it: decoders subtract, never below zero. */
export type Usage = {
  /** Input read from a cache. */
  cache_read_tokens: number;
  /** Input written to a cache for an hour. */
  cache_write_1h_tokens: number;
  /** Input written to a cache for five minutes (or with no lifetime told). */
  cache_write_5m_tokens: number;
  /** Input that was neither read from nor written to a cache. */
  input_tokens: number;
  /** All output, reasoning included. */
  output_tokens: number;
  /** The part of the output that was reasoning. */
  reasoning_tokens: number;
};

/** One row; what it is not told apart by is left out. */
export type UsageFigures = {
  /** None also where no key of a pool was used. */
  api_key_id?: string | null;
  /** Input read from a cache. */
  cache_read_tokens: number;
  /** Input written to a cache for an hour. */
  cache_write_1h_tokens: number;
  /** Input written to a cache for five minutes (or with no lifetime told). */
  cache_write_5m_tokens: number;
  /** Those whose client left before the end. */
  client_closed: number;
  /** None also where no client key was shown. */
  client_key_id?: string | null;
  /** In dollars, by the prices that were configured then. */
  cost: number;
  /** A stored Factory identity; the host's `credential_id`. */
  credential_id?: string | null;
  /** Those that failed, by class: request, model, credential, quota, rate, transient, truncated. */
  errors: Record<string, number>;
  /** The mean, of streams. */
  first_token_ms?: number | null;
  /** Input that was neither read from nor written to a cache. */
  input_tokens: number;
  /** The mean; none where there is no request. */
  latency_ms?: number | null;
  model?: string | null;
  /** Those that went well. */
  ok: number;
  /** All output, reasoning included. */
  output_tokens: number;
  /** The part of the output that was reasoning. */
  reasoning_tokens: number;
  /** Tries at an account: one that failed counts, and so does the next one's. */
  requests: number;
  /** Start of the hour or day. */
  start?: string | null;
  /** From 0 to 1. A request that was wrong itself, and one whose client left, say nothing; none where there is no other. */
  success_rate?: number | null;
  /** Of all kinds. */
  tokens: number;
};

/** What was forgotten. */
export type UsageForgotten = {
  /** Rows of an hour, account and model. */
  removed: number;
};

/** Tokens of one response. Disjoint but for `reasoning_tokens`, which is part of `output_tokens`.  Anthropic's input excludes the cache and OpenAI's and Gemini's include it: decoders subtract, never below zero. */
export type UsageInput = {
  /** Input read from a cache. */
  cache_read_tokens?: number;
  /** Input written to a cache for an hour. */
  cache_write_1h_tokens?: number;
  /** Input written to a cache for five minutes (or with no lifetime told). */
  cache_write_5m_tokens?: number;
  /** Input that was neither read from nor written to a cache. */
  input_tokens?: number;
  /** All output, reasoning included. */
  output_tokens?: number;
  /** The part of the output that was reasoning. */
  reasoning_tokens?: number;
};

/** Usage, added up and told apart. */
export type UsageReport = {
  rows: UsageRow[];
  total: UsageRow;
};

/** A sum of usage; what it is not told apart by is left out. */
export type UsageRow = {
  /** One key of a key pool. */
  api_key_id?: string | null;
  /** Input read from a cache. */
  cache_read_tokens: number;
  /** Input written to a cache for an hour. */
  cache_write_1h_tokens: number;
  /** Input written to a cache for five minutes (or with no lifetime told). */
  cache_write_5m_tokens: number;
  /** A key this gateway issued to a client. */
  client_key_id?: string | null;
  /** In dollars, by the prices that were configured then. */
  cost: number;
  /** A stored Factory identity; the host's `credential_id`. */
  credential_id?: string | null;
  /** The sum of the times to the first token... */
  first_token_ms: number;
  /** ...and of how many requests it is known. */
  first_tokens: number;
  hour?: string | null;
  /** Input that was neither read from nor written to a cache. */
  input_tokens: number;
  /** The sum of all. */
  latency_ms: number;
  model?: string | null;
  outcome?: string | null;
  /** All output, reasoning included. */
  output_tokens: number;
  /** The part of the output that was reasoning. */
  reasoning_tokens: number;
  requests: number;
};

/** What was used. */
export type UsageStatistics = {
  /** There are more rows than the limit allows. */
  more: boolean;
  rows: UsageFigures[];
  /** Of all rows, also of those beyond the limit. */
  total: UsageFigures;
};

/** What was used, in a few numbers (seed S3). */
export type UsageSummary = {
  /** Of today's requests, by how they ended. */
  outcomes: UsageRow[];
  /** Days that usage is kept. */
  retention_days: number;
  /** Since midnight, UTC. */
  today: UsageRow;
  /** Ever, as far as it is kept. */
  total: UsageRow;
};

/** What upstream says of an account. */
export type Validation = {
  details: ValidationDetails;
  /** For a person. */
  message: string;
  valid: boolean;
};

/** What a validation is based on. */
export type ValidationDetails = {
  /** False where the answer was known without asking upstream. */
  asked: boolean;
  /** The host's word for the fault. */
  error_type?: string | null;
  /** The access token has ended; the next use gets a new one. */
  expired?: boolean | null;
  latency_ms?: number | null;
  status?: Status | null;
  /** Upstream's HTTP status. */
  status_code?: number | null;
};

/** So many of 100 took at most so long. */
export type WaitPercentiles = {
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  /** How many were measured. */
  requests: number;
};

/** How long requests of the log took that went well, oldest first; times without any are left out. */
export type WaitStatistics = {
  /** All were measured; else only the newest 100,000. */
  complete: boolean;
  rows: Waits[];
};

/** Of one hour or day. */
export type Waits = {
  /** To the first content of a stream. */
  first_token: WaitPercentiles;
  /** To the end. */
  latency: WaitPercentiles;
  /** None where all are taken together. */
  start?: string | null;
};

/** An hour of a day of the week. */
export type WeekHour = {
  /** In dollars. */
  cost: number;
  /** 0 to 23. */
  hour: number;
  requests: number;
  /** Of all kinds. */
  tokens: number;
  /** 0 is Sunday. */
  weekday: number;
};

/** What was used by the hours of the week; hours in which nothing was are left out. */
export type WeekStatistics = {
  hours: WeekHour[];
};

/** What went wrong, for programs. */
export type ErrorKind = "invalid" | "not_found" | "stale" | "unauthorized" | "forbidden" | "limited" | "no_account" | "needs_login" | "refresh_failed" | "login_over" | "upstream" | "config" | "data_folder" | "newer_schema" | "wrong_key" | "damaged" | "store" | "stopping" | "internal" | "throttled" | "forbidden_host" | "forbidden_origin" | "csrf" | "method_not_allowed" | "too_large" | "unfinished";

/** Every method: what it takes, what it answers. */
export interface Methods {
  /** Tells what this plugin is and can do. */
  get_info: {
    params: Record<string, never>;
    result: Info;
  };
  /** Opens the data folder and checks the configuration and the encryption key, so that a wrong one is told at once. Every other call does it when it is needed. */
  init: {
    params: Record<string, never>;
    result: Empty;
  };
  /** Writes what is still to be written. The process ends when stdin does. */
  shutdown: {
    params: Record<string, never>;
    result: Empty;
  };
  /** Answers. */
  ping: {
    params: Record<string, never>;
    result: Empty;
  };
  /** The catalogue. */
  list_models: {
    params: Record<string, never>;
    result: Model[];
  };
  /** Whether a model is in the catalogue, redirected, or of a family Factory serves. */
  supports_model: {
    params: {
      model: string;
    };
    result: Supported;
  };
  /** Adds an account. A `manual` one is verified by refreshing it once. */
  create_credential: {
    params: {
      auth_type: string;
      config?: AccountSpec;
    };
    result: CreatedCredential;
  };
  /** All accounts; never a secret. */
  list_credentials: {
    params: Record<string, never>;
    result: Credential[];
  };
  /** One account, with its keys. */
  get_credential: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: Credential;
  };
  /** Changes an account. What is not named stays. */
  update_credential: {
    params: {
      config: AccountSpec;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      revision?: number | null;
    };
    result: Credential;
  };
  /** Removes an account with its tokens and keys for good. */
  delete_credential: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: Empty;
  };
  /** Switches an account on or off; requests in flight go on. */
  set_credential_enabled: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      enabled: boolean;
    };
    result: Credential;
  };
  /** Lifts cooling, strikes, errors and bans of an account and its keys at once. Disabled keys stay, and so does the need of a new sign-in. */
  reset_credential: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: Credential;
  };
  /** Adds the accounts of a file of Factory's own command line or of droid2api. A file's token is used by this program from then on: its former owner has to sign in again. */
  import_credentials: {
    params: {
      path?: string | null;
    };
    result: Imported[];
  };
  /** Adds the accounts of a file that is sent: each whole or not at all, what is known already not again. Takes an export of this program, auth.json of Factory and droid2api, droid2api's config.json (which is put in force) and key_pool.json, keys a line each, Droid accounts of claude-relay-service, and ProxyCast's plugin_credentials as rows or as its database. A refresh token is used by this program from then on: its former owner has to sign in again. */
  import_content: {
    params: {
      /** The file's text... */
      content?: string | null;
      /** ...or its bytes. */
      content_base64?: string | null;
      /** Say what would be done, and do nothing. */
      dry_run?: boolean;
      /** What an export of this program was sealed with. */
      passphrase?: string | null;
      /** `ENCRYPTION_KEY` of claude-relay-service. */
      relay_key?: string | null;
    };
    result: ImportReport;
  };
  /** Answers a file with every account, its tokens and keys in it, sealed with a passphrase; import_content and the command import read it. Client keys are not in it: only their hashes are known. */
  export_credentials: {
    params: {
      /** Seals it. */
      passphrase?: string | null;
      /** Do not seal it: whoever reads it has every token and key. */
      plain_secrets?: boolean;
    };
    result: Exported;
  };
  /** Adds keys to a pool; a key that is there already is told, not added twice. */
  add_api_keys: {
    params: {
      api_keys: KeyList;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      mode?: Mode;
    };
    result: KeysChanged;
  };
  /** Removes keys of a pool. */
  remove_api_keys: {
    params: {
      api_key_ids?: string[];
      api_keys?: KeyList | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: KeysChanged;
  };
  /** Sets the state of keys; active also lifts their cooling and strikes. */
  set_api_key_status: {
    params: {
      api_key_ids: string[];
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      status: KeyStatus;
    };
    result: KeysShown;
  };
  /** Asks upstream with each key and notes the answer as any request would. */
  test_api_keys: {
    params: {
      api_key_ids?: string[] | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      model?: string | null;
    };
    result: KeysTested;
  };
  /** Sends one small real request through an account, or through each key of a pool that is not disabled, whatever pauses it; a token that is due is refreshed first. The answer is noted as any request's is: it lifts a pause or begins one, and its tokens are counted. */
  test_credential: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      model?: string | null;
    };
    result: Tested;
  };
  /** The same through several accounts and keys, four at a time. To show how far a test of many is, or to be able to stop it, name some of them at a time. */
  test_credentials: {
    params: {
      /** ...and these keys of pools; without either every account that is enabled. */
      api_key_ids?: string[];
      /** These accounts... */
      credential_ids?: string[];
      model?: string | null;
    };
    result: Tested;
  };
  /** How many keys there are in each state, in all pools and in each. */
  key_pool_stats: {
    params: Record<string, never>;
    result: PoolStats;
  };
  /** The keys of all pools, the oldest first; never a key itself. */
  list_api_keys: {
    params: {
      /** Only those of this account. */
      credential_id?: string | null;
      /** Keys on a page, at most 1000. */
      limit?: number | null;
      /** From 1. */
      page?: number | null;
      /** Only those of accounts in this group. */
      pool?: string | null;
      /** Only those in this state. */
      status?: KeyStatus | null;
    };
    result: PoolKeys;
  };
  /** Adds keys to an account, else to the first account of a pool, which is made where there is none. */
  add_pool_keys: {
    params: {
      /** The account to add them to; default: the pool's first. */
      credential_id?: string | null;
      /** One key... */
      key?: string | null;
      /** ...or several. */
      keys?: KeyList | null;
      /** The group of the account; default: none. */
      pool?: string | null;
    };
    result: PoolKeysAdded;
  };
  /** Removes a key. */
  remove_pool_key: {
    params: {
      /** One key of a key pool. */
      api_key_id: string;
    };
    result: Empty;
  };
  /** Removes all keys that cannot be used any more. */
  remove_pool_keys: {
    params: {
      /** Only those of this account. */
      credential_id?: string | null;
      /** Only those of accounts in this group. */
      pool?: string | null;
      /** disabled, banned or error; default: disabled and banned. */
      statuses?: KeyStatus[] | null;
    };
    result: PoolKeysRemoved;
  };
  /** Switches a key on or off; on also lifts its cooling and strikes. */
  toggle_pool_key: {
    params: {
      /** One key of a key pool. */
      api_key_id: string;
      /** Default: disabled if it is active, else active. */
      status?: KeyStatus | null;
    };
    result: PoolKey;
  };
  /** Asks upstream with a key and notes the answer as any request would. */
  test_pool_key: {
    params: {
      /** One key of a key pool. */
      api_key_id: string;
      model?: string | null;
    };
    result: KeyTested;
  };
  /** Asks upstream with every key that is not disabled, or with those named. */
  test_pool_keys: {
    params: {
      /** Only those with these ids: a page tests some at a time and shows how far it is. */
      api_key_ids?: string[];
      model?: string | null;
    };
    result: PoolTested;
  };
  /** Answers the keys themselves. GET /admin/keys/export answers the same as a text file. */
  export_pool_keys: {
    params: {
      /** Only those of this account. */
      credential_id?: string | null;
      /** Only those of accounts in this group. */
      pool?: string | null;
      /** Only those in this state. */
      status?: KeyStatus | null;
    };
    result: ExportedKeys;
  };
  /** Moves a key to the first account of another pool, which is made where there is none. It gets another id. */
  move_pool_key: {
    params: {
      /** One key of a key pool. */
      api_key_id: string;
      /** The group; `default` is none. */
      pool: string;
    };
    result: PoolKey;
  };
  /** Begins a sign-in; it lasts ten minutes and is used once. */
  start_login: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      flow?: Flow;
      name?: string | null;
      proxy?: ProxySpec | null;
      redirect_uri?: string | null;
    };
    result: Started;
  };
  /** Asks whether a device sign-in is done; never faster upstream than allowed. */
  poll_login: {
    params: {
      /** A sign-in under way. */
      login_id: string;
    };
    result: Progress;
  };
  /** Ends a pkce sign-in with the address the browser was sent to. */
  complete_login: {
    params: {
      callback_url: string;
      /** A sign-in under way. */
      login_id: string;
    };
    result: Progress;
  };
  /** Ends a sign-in without an account. */
  cancel_login: {
    params: {
      /** A sign-in under way. */
      login_id: string;
    };
    result: Empty;
  };
  /** Lends the account a request should use. */
  acquire_credential: {
    params: {
      client_key_id?: string | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      endpoint_type?: Endpoint | null;
      exclude?: string[];
      explain?: boolean;
      /** A group of accounts; chosen by the person, e.g. `team`. */
      group?: string | null;
      model: string;
      session_id?: string | null;
    };
    result: Acquired;
  };
  /** Gives it back and tells how it went. */
  release_credential: {
    params: {
      /** One key of a key pool. */
      api_key_id?: string | null;
      body?: string | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
      headers?: Record<string, string>;
      /** One use of an account, from acquire to release. */
      lease_id?: string | null;
      model?: string | null;
      result: HostResult;
      status?: number | null;
      usage?: UsageInput | null;
    };
    result: Empty;
  };
  /** Asks upstream whether the account is accepted; changes nothing. */
  validate_credential: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: Validation;
  };
  /** Refreshes now and answers the new pair. The refresh token is this program's: whoever else uses it ends the account's sign-in. */
  refresh_token: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: RefreshedTokens;
  };
  /** Refreshes now; the tokens stay here. */
  refresh_credential: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id: string;
    };
    result: Credential;
  };
  /** Asks Factory for anything at all through a proxy. Nobody's token is used, and nothing is stored. */
  test_proxy: {
    params: {
      proxy: ProxySpec;
    };
    result: ProxyTested;
  };
  /** Makes a client's request one that Factory takes. Where the model's endpoint speaks the client's protocol, all that no rule names stays byte for byte; else the request is translated, and `losses` tells what that endpoint has no place for. */
  transform_request: {
    params: {
      /** One key of a key pool. */
      api_key_id?: string | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      endpoint_type?: Endpoint | null;
      headers?: Record<string, string>;
      model?: string | null;
      protocol?: string | null;
      request: unknown;
      session_id?: string | null;
    };
    result: TransformedRequest;
  };
  /** Answers the request as it came: Factory wants no more than the headers that transform_request gives. */
  apply_risk_control: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      request: unknown;
      session_id?: string | null;
    };
    result: RiskControlled;
  };
  /** Makes Factory's whole answer one the client's protocol has; byte for byte where both speak the same. */
  transform_response: {
    params: {
      carry?: string | null;
      endpoint_type?: Endpoint | null;
      model?: string | null;
      protocol?: string | null;
      response: unknown;
    };
    result: TransformedResponse;
  };
  /** Reads a piece of an answer, cut anywhere, and writes it as the client's protocol has it where a client is known. State is kept in this process under stream_id, or travels in carry. */
  parse_response_chunk: {
    params: {
      carry?: string | null;
      chunk?: string | null;
      chunk_base64?: string | null;
      end?: boolean;
      endpoint_type?: Endpoint | null;
      model?: string | null;
      protocol?: string | null;
      stream_id?: string | null;
    };
    result: Parsed;
  };
  /** Says what an upstream error means. */
  parse_error: {
    params: {
      body?: unknown;
      headers?: Record<string, string>;
      protocol?: string | null;
      status: number;
    };
    result: ProviderError | null;
  };
  /** The configuration in force. */
  get_config: {
    params: Record<string, never>;
    result: ConfigShown;
  };
  /** Checks, stores and applies a change; what is not named stays. */
  update_config: {
    params: {
      config: ConfigPatch;
      /** Refuse the change if the configuration is at another revision by now. */
      revision?: number | null;
    };
    result: ConfigShown;
  };
  /** JSON Schema of the configuration. */
  config_schema: {
    params: Record<string, never>;
    result: unknown;
  };
  /** Makes a key for a client of the gateway; the key itself is shown this one time. */
  create_client_key: {
    params: {
      /** `<account id>` or `group:<group id>`, then at most `?fallback`; empty is all accounts. */
      binding?: string | null;
      enabled?: boolean | null;
      /** RFC 3339; null takes it away. */
      expires_at?: string | null;
      /** From the first use; null takes it away. */
      expires_days?: number | null;
      /** Replaces all of them. */
      limits?: ClientKeyLimits | null;
      /** Names with `*`; empty is all. */
      models?: string[] | null;
      name?: string | null;
    };
    result: ClientKeyMade;
  };
  /** The keys of the gateway's clients, oldest first, with what each was ever used for. */
  list_client_keys: {
    params: Record<string, never>;
    result: ClientKeyView[];
  };
  /** One client key. */
  get_client_key: {
    params: {
      /** A key this gateway issued to a client. */
      client_key_id: string;
    };
    result: ClientKeyView;
  };
  /** Changes a client key; what is left out stays. */
  update_client_key: {
    params: {
      /** `<account id>` or `group:<group id>`, then at most `?fallback`; empty is all accounts. */
      binding?: string | null;
      /** A key this gateway issued to a client. */
      client_key_id: string;
      enabled?: boolean | null;
      /** RFC 3339; null takes it away. */
      expires_at?: string | null;
      /** From the first use; null takes it away. */
      expires_days?: number | null;
      /** Replaces all of them. */
      limits?: ClientKeyLimits | null;
      /** Names with `*`; empty is all. */
      models?: string[] | null;
      name?: string | null;
      /** Refuses the change when a person made another one since. */
      revision?: number | null;
    };
    result: ClientKeyView;
  };
  /** Gives a client key a new secret, shown this one time; the old one is refused from then on. */
  rotate_client_key: {
    params: {
      /** A key this gateway issued to a client. */
      client_key_id: string;
    };
    result: ClientKeyMade;
  };
  /** Deletes a client key; its usage stays. */
  delete_client_key: {
    params: {
      /** A key this gateway issued to a client. */
      client_key_id: string;
    };
    result: Empty;
  };
  /** The groups (tiers) in the order they are asked. */
  list_groups: {
    params: Record<string, never>;
    result: Group[];
  };
  /** Adds a group or changes it. */
  save_group: {
    params: {
      /** A group of accounts; chosen by the person, e.g. `team`. */
      id: string;
      name?: string | null;
      priority?: number | null;
      strategy?: Strategy | null;
    };
    result: Group;
  };
  /** Removes a group; its accounts stay. */
  delete_group: {
    params: {
      /** A group of accounts; chosen by the person, e.g. `team`. */
      id: string;
    };
    result: Empty;
  };
  /** Says which accounts a request would be offered, in order, and why each other one would not. */
  explain_selection: {
    params: {
      client_key_id?: string | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      endpoint_type?: Endpoint | null;
      exclude?: string[];
      explain?: boolean;
      /** A group of accounts; chosen by the person, e.g. `team`. */
      group?: string | null;
      model: string;
      session_id?: string | null;
    };
    result: Selection;
  };
  /** The log of requests, newest first; never their contents. */
  list_requests: {
    params: {
      /** The key of the last try. */
      api_key_id?: string | null;
      /** `next` of the page before. */
      before?: string | null;
      /** A key this gateway issued to a client. */
      client_key_id?: string | null;
      /** The account of the last try. */
      credential_id?: string | null;
      /** 1 to 1000, else 100. */
      limit?: number | null;
      /** As asked or as sent. */
      model?: string | null;
      /** Whole, or its first part: `error` is every `error:...`. */
      outcome?: string | null;
      /** One conversation. */
      session?: string | null;
      since?: string | null;
      until?: string | null;
    };
    result: RequestPage;
  };
  /** One request of the log. */
  get_request: {
    params: {
      request_id: string;
    };
    result: LoggedRequest;
  };
  /** Counted usage by hour, model, account and key. `requests` are tries at an account: a request that needed two accounts counts at both, one that reached none is in the request log alone. */
  get_usage: {
    params: {
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      model?: string | null;
      since?: string | null;
      until?: string | null;
    };
    result: UsageReport;
  };
  /** Usage in a few numbers: ever, today, and how today's requests ended. */
  usage_summary: {
    params: Record<string, never>;
    result: UsageSummary;
  };
  /** What was used, added up by hour, day, account, key, client key or model: tries, how they ended, success rate, tokens, cost, mean waits. `requests` counts as in `get_usage`; what a client key asked is in `list_client_keys`. */
  usage_statistics: {
    params: {
      /** One key of a key pool. */
      api_key_id?: string | null;
      /** One row for each combination; default: by day. */
      by?: StatisticsBy[] | null;
      /** A key this gateway issued to a client. */
      client_key_id?: string | null;
      /** A stored Factory identity; the host's `credential_id`. */
      credential_id?: string | null;
      /** 1 to 10000, else 1000. */
      limit?: number | null;
      /** As sent. */
      model?: string | null;
      /** Where days begin, in minutes east of UTC. */
      offset_minutes?: number | null;
      /** Which rows come first; default: the oldest. */
      order?: StatisticsOrder | null;
      /** Its hour and later ones; default: seven days ago. */
      since?: string | null;
      /** Before its hour; default: the end. */
      until?: string | null;
    };
    result: UsageStatistics;
  };
  /** How long the log's requests took that went well, to the end and to the first token, as percentiles over time. */
  wait_statistics: {
    params: {
      /** A key this gateway issued to a client. */
      client_key_id?: string | null;
      /** The account of the last try. */
      credential_id?: string | null;
      /** As sent. */
      model?: string | null;
      /** Where hours and days begin, in minutes east of UTC. */
      offset_minutes?: number | null;
      /** Default: a day ago. */
      since?: string | null;
      /** One row for each; default: hour. */
      step?: Step | null;
      until?: string | null;
    };
    result: WaitStatistics;
  };
  /** What was used by the hours of the week. */
  week_statistics: {
    params: {
      /** Of the time zone, in minutes east of UTC. */
      offset_minutes?: number | null;
      /** Default: 28 days ago. */
      since?: string | null;
      until?: string | null;
    };
    result: WeekStatistics;
  };
  /** Writes usage that is still in memory; it is written every few seconds anyway. */
  store_usage: {
    params: Record<string, never>;
    result: Empty;
  };
  /** Removes usage that is older; what is older than the configured retention goes by itself. */
  forget_usage: {
    params: {
      /** Default: the configured retention. */
      days?: number | null;
    };
    result: UsageForgotten;
  };
  /** The last lines of this process's log, oldest first; there is no secret in it. */
  list_logs: {
    params: {
      /** The least weight. */
      level?: LogLevel;
      /** Lines, at most 2000. */
      limit?: number | null;
    };
    result: Logs;
  };
  /** Copies accounts, keys, groups, client keys and usage into a file of the data folder, while everything runs. Secrets in it stay sealed, and the key is not put beside it. To put a copy in place of what there is, use the command `restore`: it asks first. */
  backup: {
    params: Record<string, never>;
    result: Backup;
  };
  /** The copies in the data folder, the newest first: those that were asked for, and those that were made before an upgrade or a restore. */
  list_backups: {
    params: Record<string, never>;
    result: Backups;
  };
  /** Removes a copy for good. */
  remove_backup: {
    params: {
      /** As `list_backups` tells it. */
      name: string;
    };
    result: Empty;
  };
  /** Looks at data folder, permissions, configuration, database, key, secrets, accounts, proxies, endpoints and clock. Nothing is changed, and no account is used. */
  doctor: {
    params: {
      /** Ask nobody: leave out clock, proxies and endpoints. */
      offline?: boolean;
    };
    result: Examined;
  };
  /** What this installation is: versions, folders, counts, whether a gateway answers. */
  gateway_status: {
    params: Record<string, never>;
    result: GatewayStatus;
  };
}

/** Where the gateway has each method; what is not here it has not. */
export const ROUTES = {
  get_info: { verb: "GET", path: "/admin/info" },
  list_models: { verb: "GET", path: "/admin/models" },
  supports_model: { verb: "GET", path: "/admin/models/supports" },
  create_credential: { verb: "POST", path: "/admin/accounts" },
  list_credentials: { verb: "GET", path: "/admin/accounts" },
  get_credential: { verb: "GET", path: "/admin/accounts/{credential_id}" },
  update_credential: { verb: "PATCH", path: "/admin/accounts/{credential_id}" },
  delete_credential: { verb: "DELETE", path: "/admin/accounts/{credential_id}" },
  set_credential_enabled: { verb: "PUT", path: "/admin/accounts/{credential_id}/enabled" },
  reset_credential: { verb: "POST", path: "/admin/accounts/{credential_id}/reset" },
  import_credentials: { verb: "POST", path: "/admin/accounts/import" },
  import_content: { verb: "POST", path: "/admin/import" },
  export_credentials: { verb: "POST", path: "/admin/export" },
  add_api_keys: { verb: "POST", path: "/admin/accounts/{credential_id}/keys" },
  remove_api_keys: { verb: "POST", path: "/admin/accounts/{credential_id}/keys/remove" },
  set_api_key_status: { verb: "PATCH", path: "/admin/accounts/{credential_id}/keys" },
  test_api_keys: { verb: "POST", path: "/admin/accounts/{credential_id}/keys/test" },
  test_credential: { verb: "POST", path: "/admin/accounts/{credential_id}/test" },
  test_credentials: { verb: "POST", path: "/admin/accounts/test-all" },
  key_pool_stats: { verb: "GET", path: "/admin/stats" },
  list_api_keys: { verb: "GET", path: "/admin/keys" },
  add_pool_keys: { verb: "POST", path: "/admin/keys" },
  remove_pool_key: { verb: "DELETE", path: "/admin/keys/{api_key_id}" },
  remove_pool_keys: { verb: "POST", path: "/admin/keys/remove" },
  toggle_pool_key: { verb: "PATCH", path: "/admin/keys/{api_key_id}/toggle" },
  test_pool_key: { verb: "POST", path: "/admin/keys/{api_key_id}/test" },
  test_pool_keys: { verb: "POST", path: "/admin/keys/test-all" },
  export_pool_keys: { verb: "POST", path: "/admin/keys/export" },
  move_pool_key: { verb: "PATCH", path: "/admin/keys/{api_key_id}/pool" },
  start_login: { verb: "POST", path: "/admin/logins" },
  poll_login: { verb: "POST", path: "/admin/logins/{login_id}/poll" },
  complete_login: { verb: "POST", path: "/admin/logins/{login_id}/complete" },
  cancel_login: { verb: "DELETE", path: "/admin/logins/{login_id}" },
  validate_credential: { verb: "POST", path: "/admin/accounts/{credential_id}/validate" },
  refresh_credential: { verb: "POST", path: "/admin/accounts/{credential_id}/refresh" },
  test_proxy: { verb: "POST", path: "/admin/proxies/test" },
  get_config: { verb: "GET", path: "/admin/config" },
  update_config: { verb: "PUT", path: "/admin/config" },
  config_schema: { verb: "GET", path: "/admin/config/schema" },
  create_client_key: { verb: "POST", path: "/admin/client-keys" },
  list_client_keys: { verb: "GET", path: "/admin/client-keys" },
  get_client_key: { verb: "GET", path: "/admin/client-keys/{client_key_id}" },
  update_client_key: { verb: "PATCH", path: "/admin/client-keys/{client_key_id}" },
  rotate_client_key: { verb: "POST", path: "/admin/client-keys/{client_key_id}/rotate" },
  delete_client_key: { verb: "DELETE", path: "/admin/client-keys/{client_key_id}" },
  list_groups: { verb: "GET", path: "/admin/groups" },
  save_group: { verb: "PUT", path: "/admin/groups/{id}" },
  delete_group: { verb: "DELETE", path: "/admin/groups/{id}" },
  explain_selection: { verb: "POST", path: "/admin/explain" },
  list_requests: { verb: "GET", path: "/admin/requests" },
  get_request: { verb: "GET", path: "/admin/requests/{request_id}" },
  get_usage: { verb: "GET", path: "/admin/usage" },
  usage_summary: { verb: "GET", path: "/admin/usage/summary" },
  usage_statistics: { verb: "GET", path: "/admin/statistics/usage" },
  wait_statistics: { verb: "GET", path: "/admin/statistics/waits" },
  week_statistics: { verb: "GET", path: "/admin/statistics/week" },
  store_usage: { verb: "POST", path: "/admin/usage/store" },
  forget_usage: { verb: "POST", path: "/admin/usage/forget" },
  list_logs: { verb: "GET", path: "/admin/logs" },
  backup: { verb: "POST", path: "/admin/backups" },
  list_backups: { verb: "GET", path: "/admin/backups" },
  remove_backup: { verb: "DELETE", path: "/admin/backups/{name}" },
  doctor: { verb: "POST", path: "/admin/doctor" },
  gateway_status: { verb: "GET", path: "/admin/status" },
} as const satisfies Partial<Record<keyof Methods, { verb: string; path: string }>>;
