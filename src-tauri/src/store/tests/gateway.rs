//! Client keys, what they were used for, and single requests.

use std::time::Duration;

use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::event::Usage;

use super::{NOW, open};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{AccountId, ClientKeyId, KeyId, OwnerId};
use crate::pool::Binding;
use crate::store::{
    AttemptRow, ClientKey, ClientLimits, Percentiles, RequestFilter, RequestRow, Span, Spent, Step,
    Store, UsageRow, WeekHour,
};

fn key(id: &str) -> ClientKey {
    ClientKey {
        id: ClientKeyId::from(id),
        name: format!("key {id}"),
        hash: format!("hash of {id}"),
        tail: "…abcd".to_owned(),
        enabled: true,
        created_at: NOW,
        first_used_at: None,
        last_used_at: None,
        expires_at: Some(NOW.plus(Duration::from_secs(60))),
        expires_days: Some(30),
        binding: Binding::Group { id: "team".into(), fallback: true },
        models: vec!["claude*".to_owned()],
        limits: ClientLimits {
            concurrency: Some(3),
            window_seconds: Some(60),
            window_requests: Some(10),
            daily_cost: Some(5_000_000_000),
            ..ClientLimits::default()
        },
        revision: 0,
    }
}

fn request(id: &str, after_ms: u64) -> RequestRow {
    let attempt = |account: &str, class: Option<&str>| AttemptRow {
        account: Some(AccountId::from(account)),
        key: Some(KeyId::from("k")),
        status: Some(if class.is_some() { 429 } else { 200 }),
        class: class.map(str::to_owned),
        latency_ms: 5,
    };
    RequestRow {
        id: id.to_owned(),
        started_at: NOW.plus(Duration::from_millis(after_ms)),
        client_key_id: Some(ClientKeyId::from("c")),
        client: Dialect::Anthropic,
        endpoint: Some(Endpoint::OpenAi),
        model_asked: "gpt-5".to_owned(),
        model_sent: Some("gpt-5-2025-08-07".to_owned()),
        stream: true,
        session: Some("s".to_owned()),
        attempts: vec![attempt("a", Some("rate")), attempt("b", None)],
        skipped: vec![("cooling".to_owned(), 2)],
        status: 200,
        outcome: "ok".to_owned(),
        usage: Usage { input_tokens: 7, output_tokens: 3, ..Usage::default() },
        cost: 12_345,
        latency_ms: 900,
        first_token_ms: Some(300),
        upstream_request_id: Some("req_1".to_owned()),
    }
}

async fn found(store: &Store, filter: RequestFilter) -> Vec<String> {
    store.requests(filter, 10).await.unwrap().into_iter().map(|it| it.id).collect()
}

#[tokio::test]
async fn a_client_key_comes_back_as_it_was_stored_and_its_use_is_no_edit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let made = store.save_client_key(key("c"), Some(0)).await.unwrap();
    assert_eq!(ClientKey { revision: 0, ..made.clone() }, key("c"));
    let owner = OwnerId::from("me");
    store.spend(&made.id, &owner, NOW, Spent { requests: 1, tokens: 5, cost: 7 });
    store.flush().await.unwrap();
    let used = store.client_key(&made.id).await.unwrap();
    assert_eq!((used.first_used_at, used.last_used_at), (Some(NOW), Some(NOW)));
    assert!(used.revision > made.revision);

    let renamed = ClientKey { name: "other".to_owned(), ..made.clone() };
    let renamed = store.save_client_key(renamed, Some(made.revision)).await.unwrap();
    assert_eq!(renamed.first_used_at, Some(NOW), "what traffic wrote stays");
    let stale = store.save_client_key(key("c"), Some(made.revision)).await;
    assert!(matches!(stale, Err(Error::Stale { .. })), "{stale:?}");

    let changes = store.client_key_changes(0).await.unwrap();
    assert_eq!(changes.keys, [renamed]);
    store.delete_client_key(&made.id).await.unwrap();
    let changes = store.client_key_changes(changes.revision).await.unwrap();
    assert_eq!((changes.keys.len(), changes.gone), (0, vec![made.id.clone()]));
    assert!(matches!(store.client_key(&made.id).await, Err(Error::NotFound { .. })));
    // What still comes of it is dropped, and does not hold up what is written with it.
    store.spend(&made.id, &owner, NOW, Spent { requests: 1, tokens: 5, cost: 7 });
    store.flush().await.unwrap();
    assert!(store.spent().await.unwrap().is_empty());
}

#[tokio::test]
async fn each_process_counts_for_itself_and_sees_what_the_others_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (store, other) = (open(dir.path()).await, open(dir.path()).await);
    let id = store.save_client_key(key("c"), None).await.unwrap().id;
    let (me, you) = (OwnerId::from("me"), OwnerId::from("you"));
    let day = Timestamp(NOW.0 - NOW.0.rem_euclid(86_400_000));
    let noon = day.plus(Duration::from_secs(12 * 3600));
    let spent = |tokens| Spent { requests: 1, tokens, cost: tokens * 10 };
    store.spend(&id, &me, noon, spent(1));
    other.spend(&id, &you, noon, spent(2));
    other.spend(&id, &you, noon.plus(Duration::from_secs(59)), spent(4));
    other.spend(&id, &you, noon.minus(Duration::from_secs(600)), spent(8));
    other.spend(&id, &you, noon.minus(Duration::from_secs(24 * 3600)), spent(16));
    store.flush().await.unwrap();
    other.flush().await.unwrap();

    let from = noon.minus(Duration::from_secs(300));
    let seen = store.spent_elsewhere(&me, from, noon).await.unwrap().remove(&id).unwrap();
    assert_eq!(seen.minutes, [(noon, Spent { requests: 2, tokens: 6, cost: 60 })]);
    assert_eq!(seen.day, Spent { requests: 3, tokens: 14, cost: 140 });
    assert_eq!(seen.total, Spent { requests: 4, tokens: 30, cost: 300 });
    assert_eq!(store.spent().await.unwrap()[&id].tokens, 31);

    // Long after, a row a day is left of them, and the sum is the same.
    let later = noon.plus(Duration::from_secs(40 * 24 * 3600));
    for n_hours in [0, 2] {
        let later = later.plus(Duration::from_secs(n_hours * 3600));
        assert!(store.sweep_if_due(later, NOW, NOW).await.unwrap());
        assert_eq!(store.spent().await.unwrap()[&id], Spent { requests: 5, tokens: 31, cost: 310 });
    }
    let seen = store.spent_elsewhere(&OwnerId::from("new"), day, noon).await.unwrap();
    assert_eq!(seen[&id].minutes.len(), 1, "folded: {seen:?}");
}

#[tokio::test]
async fn requests_are_found_newest_first_by_what_is_known_of_them_and_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let other = RequestRow {
        client_key_id: None,
        attempts: Vec::new(),
        outcome: "error:rate".to_owned(),
        session: None,
        model_asked: "glm".to_owned(),
        model_sent: None,
        ..request("other", 2)
    };
    for row in [request("one", 1), other.clone(), request("three", 3)] {
        store.record_request(row);
    }
    store.flush().await.unwrap();
    assert_eq!(store.request("one").await.unwrap(), request("one", 1));
    assert_eq!(store.request("other").await.unwrap(), other);
    assert!(matches!(store.request("none").await, Err(Error::NotFound { .. })));

    let all = RequestFilter::default;
    assert_eq!(found(&store, all()).await, ["three", "other", "one"]);
    let text = |it: &str| Some(it.to_owned());
    for (filter, ids) in [
        (RequestFilter { model: text("gpt-5"), ..all() }, &["three", "one"][..]),
        (RequestFilter { model: text("gpt-5-2025-08-07"), ..all() }, &["three", "one"]),
        (RequestFilter { outcome: text("error"), ..all() }, &["other"]),
        (RequestFilter { outcome: text("error:rate"), ..all() }, &["other"]),
        (RequestFilter { outcome: text("err"), ..all() }, &[]),
        (RequestFilter { session: text("s"), ..all() }, &["three", "one"]),
        (RequestFilter { client_key_id: Some("c".into()), ..all() }, &["three", "one"]),
        (RequestFilter { account_id: Some("b".into()), ..all() }, &["three", "one"]),
        (RequestFilter { account_id: Some("a".into()), ..all() }, &[]),
        (RequestFilter { key_id: Some("k".into()), ..all() }, &["three", "one"]),
        (RequestFilter { from: Some(Timestamp(NOW.0 + 3)), ..all() }, &["three"]),
        (RequestFilter { until: Some(Timestamp(NOW.0 + 2)), ..all() }, &["one"]),
        (
            RequestFilter { before: Some((Timestamp(NOW.0 + 2), "other".to_owned())), ..all() },
            &["one"],
        ),
    ] {
        assert_eq!(found(&store, filter.clone()).await, ids, "{filter:?}");
    }
    let page = store.requests(all(), 2).await.unwrap();
    assert_eq!(page.len(), 2);

    let long_after = NOW.plus(Duration::from_secs(1));
    assert!(store.sweep_if_due(long_after, NOW, Timestamp(NOW.0 + 2)).await.unwrap());
    assert_eq!(found(&store, all()).await, ["three", "other"], "what is too old is gone");
}

#[tokio::test]
async fn waits_and_hours_of_the_week_are_told_as_figures() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for at in 1..=100 {
        let row = RequestRow {
            latency_ms: at * 10,
            first_token_ms: (at <= 10).then_some(at),
            ..request(&format!("r{at}"), at)
        };
        store.record_request(row);
    }
    let failed = RequestRow {
        latency_ms: 99_999,
        outcome: "error:rate".to_owned(),
        ..request("failed", 500)
    };
    store.record_request(failed);
    store.flush().await.unwrap();
    let waits = store.waits(Span::default(), Step::Whole, 0).await.unwrap();
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].latency, Percentiles { n: 100, p50: 500, p95: 950, p99: 990 });
    assert_eq!(waits[0].first_token, Percentiles { n: 10, p50: 5, p95: 10, p99: 10 });
    let none = Span { model: Some("other".to_owned()), ..Span::default() };
    assert_eq!(store.waits(none, Step::Hour, 0).await.unwrap(), []);
    let of_one = Span {
        from: Some(Timestamp(NOW.0 + 42)),
        until: Some(Timestamp(NOW.0 + 43)),
        account_id: Some("b".into()),
        client_key_id: Some("c".into()),
        model: Some("gpt-5-2025-08-07".to_owned()),
    };
    assert_eq!(store.waits(of_one, Step::Whole, 0).await.unwrap()[0].latency.p99, 420);
    // Half past midnight in India is in the day that began half an hour before.
    let midnight = Timestamp(1_763_922_600_000);
    for (id, at, wait) in [("a", -60_000, 1), ("b", 0, 3), ("c", 1_800_000, 5)] {
        let at = u64::try_from(midnight.0 - NOW.0 + at).unwrap();
        store.record_request(RequestRow {
            latency_ms: wait,
            first_token_ms: None,
            ..request(id, at)
        });
    }
    store.flush().await.unwrap();
    let near = Span { from: Some(midnight.minus(Duration::from_secs(60))), ..Span::default() };
    let days = store.waits(near.clone(), Step::Day, 330).await.unwrap();
    let days: Vec<_> = days.iter().map(|it| (it.start, it.latency.n, it.latency.p99)).collect();
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(days, [(midnight.minus(day), 1, 1), (midnight, 2, 5)]);
    let hours = store.waits(near, Step::Hour, 0).await.unwrap();
    let hours: Vec<_> = hours.iter().map(|it| (it.start.0 - midnight.0, it.latency.n)).collect();
    assert_eq!(hours, [(-1_800_000, 2), (1_800_000, 1)]);

    // A Sunday, 23:30 UTC; half an hour later it is Monday in Berlin.
    let sunday = Timestamp(1_763_940_600_000);
    for hour in [sunday, sunday.plus(Duration::from_secs(7 * 24 * 3600))] {
        let usage = UsageRow {
            hour,
            account_id: "a".into(),
            key_id: None,
            client_key_id: None,
            model: "m".to_owned(),
            outcome: "ok".to_owned(),
            usage: Usage { input_tokens: 5, cache_read_tokens: 2, ..Usage::default() },
            cost: 9,
            latency_ms: 1,
            first_token_ms: None,
        };
        store.record_usage(usage).await.unwrap();
    }
    let until = sunday.plus(Duration::from_secs(30 * 24 * 3600));
    let of = |weekday, hour| WeekHour { weekday, hour, requests: 2, tokens: 14, cost: 18 };
    assert_eq!(store.by_week_hour(NOW, until, 0).await.unwrap(), [of(0, 23)]);
    assert_eq!(store.by_week_hour(NOW, until, 60).await.unwrap(), [of(1, 0)]);
    assert_eq!(store.by_week_hour(NOW, until, -24 * 60).await.unwrap(), [of(6, 23)]);
}
