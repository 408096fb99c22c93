//! A text from upstream made fit to show and to log.
//!
//! Owns: [`clean_text`], the one function that masks secrets in prose.
//! Must not know: where the text came from.

/// Characters a cleaned text may have.
const MAX_CHARS: usize = 500;

/// What stands where a secret stood.
const MASK: &str = "****";

/// How provider keys and tokens begin.
const KEY_PREFIXES: [&str; 18] = [
    "sk-",
    "fk-",
    "pk-",
    "rk-",
    "key-",
    "dpk_",
    "sk_",
    "pk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "xox",
    "AIza",
    "AKIA",
    "ya29.",
    "eyJ",
    "client_secret",
];

/// Names whose value is a secret, as they end once `_` and `-` are gone.
const SECRET_NAMES: [&str; 9] = [
    "token",
    "apikey",
    "secret",
    "password",
    "passwd",
    "authorization",
    "cookie",
    "credential",
    "refreshkey",
];

/// Words after which the next one is a secret.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// `text` in one line of at most 500 characters, without control characters and without what looks
/// like a key, a token, an e-mail address or the credentials in a URL.
#[must_use]
pub fn clean_text(text: &str) -> String {
    // Far more than is kept, and a bound on the work an endless body makes.
    let head: String = text.chars().take(MAX_CHARS * 8).collect();
    let printable = head.replace(|it: char| it.is_control() || is_invisible(it), " ");
    let mut cleaned = String::new();
    let mut is_secret_next = false;
    for word in printable.split_whitespace() {
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
        let lower = bare.to_ascii_lowercase();
        // `Authorization: Bearer x`: the secret is the word after the scheme.
        let is_scheme = SCHEMES.contains(&lower.as_str());
        if is_secret_next && !is_scheme && !bare.is_empty() {
            cleaned.push_str(MASK);
        } else {
            cleaned.push_str(&mask_word(word));
        }
        if is_scheme || !bare.is_empty() {
            is_secret_next = is_scheme || names_a_secret(word);
        }
    }
    cut(cleaned)
}

/// Whether a word like `token:` or `"api_key":` says that a secret follows.
fn names_a_secret(word: &str) -> bool {
    word.trim_end_matches(['"', '\'', '`']).strip_suffix([':', '=']).is_some_and(is_secret_name)
}

fn is_secret_name(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_NAMES.iter().any(|it| plain.ends_with(it))
}

/// Masks the secrets inside one word, which may still be JSON, a URL or a list.
fn mask_word(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        return format!("{}://{}", mask_word(scheme), mask_url(rest));
    }
    let mut masked = String::new();
    let mut name = "";
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let is_value = !name.is_empty() && !piece.is_empty();
        if is_value || is_secret(piece) {
            masked.push_str(MASK);
        } else {
            masked.push_str(piece);
        }
        let end = after.find(|it| !is_delimiter(it)).unwrap_or(after.len());
        let (delimiters, after) = after.split_at(end);
        masked.push_str(delimiters);
        let is_named = delimiters.contains([':', '=']) && !delimiters.contains([',', '&', ';']);
        if !piece.is_empty() {
            name = if is_named && is_name_of_secret(piece, delimiters) { piece } else { "" };
        }
        rest = after;
    }
    masked
}

/// In a query a bare `key` is a secret too; in prose it is a word.
fn is_name_of_secret(name: &str, delimiters: &str) -> bool {
    is_secret_name(name) || (delimiters == "=" && name.eq_ignore_ascii_case("key"))
}

fn mask_url(rest: &str) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{}", mask_word(host)),
        None => mask_word(authority),
    };
    format!("{authority}{}", mask_word(path))
}

const fn is_delimiter(it: char) -> bool {
    matches!(
        it,
        ',' | ';'
            | ':'
            | '='
            | '&'
            | '?'
            | '"'
            | '\''
            | '`'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '|'
            | '\\'
    )
}

fn is_secret(piece: &str) -> bool {
    let piece = piece.trim_matches('.');
    is_email(piece)
        || KEY_PREFIXES.iter().any(|it| piece.len() > it.len() + 4 && piece.starts_with(it))
        || is_opaque(piece)
}

fn is_email(piece: &str) -> bool {
    piece.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// Whether the piece is too random to be a word: a long run of letters and digits, or something
/// longer with every kind of character in it. A model's name (`claude-sonnet-4-20250514`) and a
/// path are neither.
fn is_opaque(piece: &str) -> bool {
    let is_run = |run: &str| {
        let has_digit = run.bytes().any(|it| it.is_ascii_digit());
        let has_lower = run.bytes().any(|it| it.is_ascii_lowercase());
        let has_upper = run.bytes().any(|it| it.is_ascii_uppercase());
        run.len() >= 20 && has_digit && (has_lower || has_upper)
            || run.len() >= 40 && has_lower && has_upper
    };
    let is_base64 = |it: char| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '_' | '/');
    let is_mixed = piece.len() >= 40
        && piece.chars().all(|it| is_base64(it) || it == '.' || it == '~')
        && piece.bytes().any(|it| it.is_ascii_digit())
        && piece.bytes().any(|it| it.is_ascii_uppercase())
        && piece.bytes().any(|it| it.is_ascii_lowercase());
    is_mixed || piece.split(|it: char| !it.is_ascii_alphanumeric()).any(is_run)
}

/// Characters that show nothing but can turn a line around or split a word.
const fn is_invisible(it: char) -> bool {
    matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn cut(text: String) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text;
    }
    let mut short: String = text.chars().take(MAX_CHARS - 1).collect();
    short.push('…');
    short
}
