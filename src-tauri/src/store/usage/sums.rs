//! The requests of one transaction, added up before they are written: under load most of them
//! differ in their numbers alone.
//!
//! Owns: [`Sums`], and the SQL that adds to the table and to the token counters.
//! Must not know: when a transaction ends.

use std::collections::HashMap;

use droid_protocol::event::Usage;
use rusqlite::named_params;

use super::{UsageRow, hour};
use crate::ids::{AccountId, ClientKeyId, KeyId};
use crate::store::changes;
use crate::store::codec::Count;
use crate::store::db::Db;

/// What the transaction adds.
#[derive(Debug, Default)]
pub(in crate::store) struct Sums(HashMap<Told, Sum>);

/// What the table tells apart.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Told {
    hour: i64,
    account_id: AccountId,
    key_id: Option<KeyId>,
    client_key_id: Option<ClientKeyId>,
    model: String,
    outcome: String,
}

#[derive(Debug, Default)]
struct Sum {
    requests: u64,
    usage: Usage,
    cost: u64,
    latency_ms: u64,
    first_token_ms: u64,
    first_tokens: u64,
}

// === impl Sums ===

impl Sums {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in sums that were pending before these.
    pub(in crate::store) fn merge_older(&mut self, older: Self) {
        for (told, older) in older.0 {
            self.0.entry(told).or_default().add(&older);
        }
    }

    pub(super) fn add(&mut self, row: UsageRow) {
        let UsageRow { account_id, key_id, client_key_id, model, outcome, .. } = row;
        let hour = hour(row.hour);
        let told = Told { hour, account_id, key_id, client_key_id, model, outcome };
        self.0.entry(told).or_default().add(&Sum {
            requests: 1,
            usage: row.usage,
            cost: row.cost,
            latency_ms: row.latency_ms,
            first_token_ms: row.first_token_ms.unwrap_or(0),
            first_tokens: u64::from(row.first_token_ms.is_some()),
        });
    }

    /// Writes them all.
    pub(in crate::store) fn write(&self, db: &Db) -> rusqlite::Result<()> {
        let mut tokens: HashMap<(&str, &str), u64> = HashMap::new();
        for (told, sum) in &self.0 {
            write_row(db, told, sum)?;
            let key = told.key_id.as_ref().map(|it| ("api_keys", it.as_str()));
            for counted in [Some(("accounts", told.account_id.as_str())), key] {
                let Some(counted) = counted.filter(|_| sum.usage.total() > 0) else { continue };
                let count = tokens.entry(counted).or_default();
                *count = count.saturating_add(sum.usage.total());
            }
        }
        for ((table, id), tokens) in tokens {
            let sql = format!(
                "UPDATE {table} SET tokens_used = tokens_used + ?2, revision = ?3 WHERE id = ?1"
            );
            let revision = changes::next_revision(db)?;
            db.conn.prepare_cached(&sql)?.execute((id, Count(tokens), revision))?;
        }
        Ok(())
    }
}

// === impl Sum ===

impl Sum {
    fn add(&mut self, one: &Self) {
        self.usage.add(&one.usage);
        for (sum, one) in [
            (&mut self.requests, one.requests),
            (&mut self.cost, one.cost),
            (&mut self.latency_ms, one.latency_ms),
            (&mut self.first_token_ms, one.first_token_ms),
            (&mut self.first_tokens, one.first_tokens),
        ] {
            *sum = sum.saturating_add(one);
        }
    }
}

fn write_row(db: &Db, told: &Told, sum: &Sum) -> rusqlite::Result<()> {
    let mut statement = db.conn.prepare_cached(
        "INSERT INTO usage_hourly
         VALUES (:hour, :account, :key, :client_key, :model, :outcome, :requests, :input, :output,
                 :cache_read, :cache_write_5m, :cache_write_1h, :reasoning, :latency,
                 :first_token, :first_tokens, :cost)
         ON CONFLICT DO UPDATE SET
            requests = requests + :requests,
            input_tokens = input_tokens + :input,
            output_tokens = output_tokens + :output,
            cache_read_tokens = cache_read_tokens + :cache_read,
            cache_write_5m_tokens = cache_write_5m_tokens + :cache_write_5m,
            cache_write_1h_tokens = cache_write_1h_tokens + :cache_write_1h,
            reasoning_tokens = reasoning_tokens + :reasoning,
            latency_ms = latency_ms + :latency,
            first_token_ms = first_token_ms + :first_token,
            first_tokens = first_tokens + :first_tokens,
            cost = cost + :cost",
    )?;
    statement.execute(named_params! {
        ":hour": told.hour,
        ":account": told.account_id,
        ":key": told.key_id.as_ref().map_or("", KeyId::as_str),
        ":client_key": told.client_key_id.as_ref().map_or("", ClientKeyId::as_str),
        ":model": told.model,
        ":outcome": told.outcome,
        ":requests": Count(sum.requests),
        ":input": Count(sum.usage.input_tokens),
        ":output": Count(sum.usage.output_tokens),
        ":cache_read": Count(sum.usage.cache_read_tokens),
        ":cache_write_5m": Count(sum.usage.cache_write_5m_tokens),
        ":cache_write_1h": Count(sum.usage.cache_write_1h_tokens),
        ":reasoning": Count(sum.usage.reasoning_tokens),
        ":latency": Count(sum.latency_ms),
        ":first_token": Count(sum.first_token_ms),
        ":first_tokens": Count(sum.first_tokens),
        ":cost": Count(sum.cost),
    })?;
    Ok(())
}
