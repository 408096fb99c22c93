//! What the gateway counts for whoever watches it.
//!
//! Owns: [`Metrics`]: counters of ended requests, with labels of a bounded number of values, and how
//! they are written for Prometheus.
//! Must not know: who asks for them, what a request said.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::RequestRow;

/// Counters. Clones are the same ones.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<Counters>>);

/// A number that is read when it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Gauge<'a> {
    /// `droid_...`.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Values with one label each; an empty name is none.
    pub values: &'a [(&'static str, &'static str, u64)],
}

#[derive(Default)]
struct Counters {
    requests: BTreeMap<Labels, u64>,
    tokens: BTreeMap<(&'static str, String), u64>,
    /// In billionths of a dollar.
    cost: BTreeMap<String, u64>,
    attempts: u64,
    latency: Histogram,
    first_token: Histogram,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    client: &'static str,
    endpoint: &'static str,
    model: String,
    outcome: String,
    stream: bool,
}

#[derive(Default)]
struct Histogram {
    /// One for each bound; how many were at most that long.
    counts: [u64; BOUNDS.len()],
    n: u64,
    sum_ms: u64,
}

/// Upper bounds, in milliseconds and as they are written.
const BOUNDS: [(u64, &str); 10] = [
    (100, "0.1"),
    (250, "0.25"),
    (500, "0.5"),
    (1000, "1"),
    (2500, "2.5"),
    (5000, "5"),
    (10_000, "10"),
    (30_000, "30"),
    (60_000, "60"),
    (120_000, "120"),
];

/// A model that the catalogue does not have: clients may name any, and labels must not grow.
const OTHER: &str = "other";

// === impl Metrics ===

impl Metrics {
    /// Counts a request that ended. `is_known`: whether the catalogue has a model.
    pub fn ended(&self, row: &RequestRow, is_known: impl Fn(&str) -> bool) {
        let model = row.model_sent.as_deref().filter(|it| is_known(it)).unwrap_or(OTHER).to_owned();
        let labels = Labels {
            client: row.client.as_str(),
            endpoint: row.endpoint.map_or("none", droid_protocol::dialect::Endpoint::as_str),
            model: model.clone(),
            outcome: row.outcome.clone(),
            stream: row.stream,
        };
        let usage = &row.usage;
        let tokens = [
            ("input", usage.input_tokens),
            ("output", usage.output_tokens),
            ("cache_read", usage.cache_read_tokens),
            ("cache_write_5m", usage.cache_write_5m_tokens),
            ("cache_write_1h", usage.cache_write_1h_tokens),
            ("reasoning", usage.reasoning_tokens),
        ];
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        add(counters.requests.entry(labels).or_default(), 1);
        for (kind, n) in tokens.into_iter().filter(|(_, n)| *n > 0) {
            add(counters.tokens.entry((kind, model.clone())).or_default(), n);
        }
        add(counters.cost.entry(model).or_default(), row.cost);
        add(&mut counters.attempts, u64::try_from(row.attempts.len()).unwrap_or(u64::MAX));
        counters.latency.add(row.latency_ms);
        if let Some(ms) = row.first_token_ms {
            counters.first_token.add(ms);
        }
    }

    /// All of them, and the gauges, in Prometheus' text format.
    #[must_use]
    pub fn to_text(&self, gauges: &[Gauge<'_>]) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text);
        for gauge in gauges {
            let _ = gauge.write(&mut text);
        }
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        head(text, "droid_requests_total", "counter", "Requests that ended.")?;
        for (Labels { client, endpoint, model, outcome, stream }, n) in &counters.requests {
            writeln!(
                text,
                "droid_requests_total{{client=\"{client}\",endpoint=\"{endpoint}\",model=\"{}\",\
                 outcome=\"{}\",stream=\"{stream}\"}} {n}",
                escaped(model),
                escaped(outcome)
            )?;
        }
        head(text, "droid_attempts_total", "counter", "Tries at upstream.")?;
        writeln!(text, "droid_attempts_total {}", counters.attempts)?;
        head(text, "droid_tokens_total", "counter", "Tokens; reasoning is part of the output.")?;
        for ((kind, model), n) in &counters.tokens {
            let model = escaped(model);
            writeln!(text, "droid_tokens_total{{kind=\"{kind}\",model=\"{model}\"}} {n}")?;
        }
        head(text, "droid_cost_dollars_total", "counter", "What was used, by configured prices.")?;
        for (model, billionths) in &counters.cost {
            let (dollars, rest) = (billionths / 1_000_000_000, billionths % 1_000_000_000);
            let model = escaped(model);
            writeln!(text, "droid_cost_dollars_total{{model=\"{model}\"}} {dollars}.{rest:09}")?;
        }
        let about = "From a request's coming to its end.";
        counters.latency.write(text, "droid_request_duration_seconds", about)?;
        let about = "From a request's coming to the first content of a stream.";
        counters.first_token.write(text, "droid_first_token_seconds", about)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// A label's value: a model's name is a person's text.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

const fn add(sum: &mut u64, n: u64) {
    *sum = sum.saturating_add(n);
}

// === impl Gauge ===

impl Gauge<'_> {
    fn write(&self, text: &mut String) -> fmt::Result {
        let Self { name, help, values } = self;
        head(text, name, "gauge", help)?;
        for (label, value, n) in *values {
            match *label {
                "" => writeln!(text, "{name} {n}")?,
                label => writeln!(text, "{name}{{{label}=\"{value}\"}} {n}")?,
            }
        }
        Ok(())
    }
}

// === impl Histogram ===

impl Histogram {
    fn add(&mut self, ms: u64) {
        self.n = self.n.saturating_add(1);
        self.sum_ms = self.sum_ms.saturating_add(ms);
        for ((bound, _), count) in BOUNDS.iter().zip(&mut self.counts) {
            *count = count.saturating_add(u64::from(ms <= *bound));
        }
    }

    fn write(&self, text: &mut String, name: &str, help: &str) -> fmt::Result {
        head(text, name, "histogram", help)?;
        for ((_, bound), count) in BOUNDS.iter().zip(&self.counts) {
            writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
        }
        writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", self.n)?;
        writeln!(text, "{name}_sum {}.{:03}", self.sum_ms / 1000, self.sum_ms % 1000)?;
        writeln!(text, "{name}_count {}", self.n)
    }
}

#[cfg(test)]
mod tests {
    use droid_protocol::dialect::{Dialect, Endpoint};
    use droid_protocol::event::Usage;

    use super::*;
    use crate::clock::Timestamp;

    fn row(model: &str, latency_ms: u64) -> RequestRow {
        RequestRow {
            id: "r".to_owned(),
            started_at: Timestamp(0),
            client_key_id: None,
            client: Dialect::Chat,
            endpoint: Some(Endpoint::Anthropic),
            model_asked: model.to_owned(),
            model_sent: Some(model.to_owned()),
            stream: true,
            session: None,
            attempts: Vec::new(),
            skipped: Vec::new(),
            status: 200,
            outcome: "ok".to_owned(),
            usage: Usage { input_tokens: 5, ..Usage::default() },
            cost: 1_500_000_000,
            latency_ms,
            first_token_ms: None,
            upstream_request_id: None,
        }
    }

    #[test]
    fn labels_stay_few_whatever_clients_ask_for() {
        let metrics = Metrics::default();
        for n in 0..1000 {
            metrics.ended(&row(&format!("invented-{n}"), 200), |it| it == "known\"one");
        }
        metrics.ended(&row("known\"one", 70_000), |it| it == "known\"one");
        let up = Gauge { name: "droid_up", help: "It is.", values: &[("", "", 1)] };
        let text = metrics.to_text(&[up]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() < 60, "{text}");
        for line in [
            "droid_requests_total{client=\"chat\",endpoint=\"anthropic\",model=\"other\",outcome=\"ok\",stream=\"true\"} 1000",
            "droid_tokens_total{kind=\"input\",model=\"known\\\"one\"} 5",
            "droid_cost_dollars_total{model=\"other\"} 1500.000000000",
            "droid_request_duration_seconds_bucket{le=\"0.25\"} 1000",
            "droid_request_duration_seconds_bucket{le=\"60\"} 1000",
            "droid_request_duration_seconds_bucket{le=\"120\"} 1001",
            "droid_request_duration_seconds_sum 270.000",
            "droid_first_token_seconds_count 0",
            "# TYPE droid_up gauge",
            "droid_up 1",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{text}");
        }
    }
}
