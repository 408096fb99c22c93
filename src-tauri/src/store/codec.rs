//! How values stand in columns.
//!
//! Owns: the one `from_row` of accounts, keys and groups, and the columns each reads.
//! Must not know: queries.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AccountId, ClientKeyId, GroupId, KeyId, LeaseId, LoginId, OwnerId};
use crate::pool::Binding;
use crate::pool::account::{Account, Group, Health, Key};
use crate::secret::Personal;

pub(super) const ACCOUNT_COLUMNS: &str = "id, name, kind, endpoint, priority, enabled, schedulable, \
    status, error, max_concurrency, proxy <> '', user_agent, owner_email, owner_name, user_id, \
    organization_id, subscription_expires_at, created_at, last_used_at, last_refresh_at, \
    token_expires_at, health, key_strategy, uses, tokens_used, token_budget, revision, \
    (SELECT json_group_array(group_id) FROM (SELECT group_id FROM account_groups \
     WHERE account_id = accounts.id ORDER BY position))";
pub(super) const KEY_COLUMNS: &str = "id, account_id, hash, tail, status, error, health, \
    created_at, last_used_at, uses, tokens_used, revision";
pub(super) const GROUP_COLUMNS: &str = "id, name, priority, strategy, created_at, revision";

/// A word of an enum, as serde spells it.
pub(super) struct Word<T>(pub(super) T);

/// A structure as JSON.
pub(super) struct Json<T>(pub(super) T);

/// A health; the untouched one is NULL, which is quick to read.
pub(super) struct HealthText(pub(super) Health);

/// A count. SQLite's integers are signed.
pub(super) struct Count(pub(super) u64);

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let mut at = Columns::new(row);
    Ok(Account {
        id: at.next()?,
        name: at.next()?,
        kind: at.next::<Word<_>>()?.0,
        endpoint: at.next::<Word<_>>()?.0,
        priority: at.next()?,
        enabled: at.next()?,
        schedulable: at.next()?,
        status: at.next::<Word<_>>()?.0,
        error: at.next()?,
        max_concurrency: at.next()?,
        has_proxy: at.next()?,
        user_agent: at.next()?,
        owner_email: at.next::<Option<String>>()?.map(Personal),
        owner_name: at.next::<Option<String>>()?.map(Personal),
        user_id: at.next()?,
        organization_id: at.next()?,
        subscription_expires_at: at.next()?,
        created_at: at.next()?,
        last_used_at: at.next()?,
        last_refresh_at: at.next()?,
        token_expires_at: at.next()?,
        health: at.next::<HealthText>()?.0,
        key_strategy: at.next::<Word<_>>()?.0,
        uses: at.next::<Count>()?.0,
        tokens_used: at.next::<Count>()?.0,
        token_budget: at.next::<Option<Count>>()?.map(|it| it.0),
        revision: at.next::<Count>()?.0,
        groups: at.next::<Json<_>>()?.0,
    })
}

pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<Key> {
    let mut at = Columns::new(row);
    Ok(Key {
        id: at.next()?,
        account_id: at.next()?,
        hash: at.next()?,
        tail: at.next()?,
        status: at.next::<Word<_>>()?.0,
        error: at.next()?,
        health: at.next::<HealthText>()?.0,
        created_at: at.next()?,
        last_used_at: at.next()?,
        uses: at.next::<Count>()?.0,
        tokens_used: at.next::<Count>()?.0,
        revision: at.next::<Count>()?.0,
    })
}

pub(super) fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    let mut at = Columns::new(row);
    Ok(Group {
        id: at.next()?,
        name: at.next()?,
        priority: at.next()?,
        strategy: at.next::<Word<_>>()?.0,
        created_at: at.next()?,
        revision: at.next::<Count>()?.0,
    })
}

/// The columns of a row, one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    index: usize,
}

impl<'r> Columns<'r> {
    pub(super) const fn new(row: &'r Row<'r>) -> Self {
        Self { row, index: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let index = self.index;
        self.index += 1;
        self.row.get(index)
    }
}

// === impl ToSql, FromSql ===

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            _ => Err(rusqlite::Error::ToSqlConversionFailure("not a word".into())),
        }
    }
}

impl<T: for<'de> Deserialize<'de>> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = StrDeserializer::<serde::de::value::Error>::new(value.as_str()?);
        T::deserialize(word).map(Self).map_err(FromSqlError::other)
    }
}

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(Into::into).map_err(|it| rusqlite::Error::ToSqlConversionFailure(it.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

impl ToSql for HealthText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        if self.0 == Health::default() {
            return Ok(ToSqlOutput::from(rusqlite::types::Null));
        }
        let text = serde_json::to_string(&self.0);
        text.map(Into::into).map_err(|it| rusqlite::Error::ToSqlConversionFailure(it.into()))
    }
}

impl FromSql for HealthText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Null => Ok(Self(Health::default())),
            other => Json::column_result(other).map(|it| Self(it.0)),
        }
    }
}

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(u64::try_from(value.as_i64()?).unwrap_or(0)))
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl FromSql for Binding {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str().map(Self::from)
            }
        }
    )*};
}

ids! { AccountId ClientKeyId GroupId KeyId LeaseId LoginId OwnerId }
