//! Tests of faults: every row of the table, every form of a waiting time, every shape of a body.
//!
//! Owns: the table of section "faults" as data.
//! Must not know: pools, clients.

mod bodies;
mod masking;
mod waits;

use super::{Class, Fault, Retry, Source, TransportKind};

/// The fault of an answer without headers.
fn of(status: u16, body: &str) -> Fault {
    Fault::from_response(status, |_| None::<String>, body.as_bytes(), 0)
}

#[test]
fn every_row_of_the_table() {
    use Class::{Credential, Model, Quota, Rate, Request, Transient};
    use Retry::{AfterRefresh, Never, OtherAccount};
    let rows: [(u16, &str, Class, Retry, &str); 34] = [
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"max_tokens: Field required"}}"#,
            Request,
            Never,
            "unknown",
        ),
        (
            404,
            r#"{"error":{"message":"Previous response with id 'resp_1' not found."}}"#,
            Request,
            Never,
            "unknown",
        ),
        (405, "", Request, Never, "unknown"),
        (408, "", Request, Never, "unknown"),
        (409, "", Request, Never, "unknown"),
        (413, r#"{"error":{"type":"request_too_large"}}"#, Request, Never, "unknown"),
        (415, "", Request, Never, "unknown"),
        (418, "", Request, Never, "unknown"),
        (
            422,
            r#"{"detail":[{"loc":["body","model"],"msg":"field required"}]}"#,
            Request,
            Never,
            "unknown",
        ),
        (
            400,
            r#"{"error":{"code":"content_filter","message":"blocked"}}"#,
            Request,
            Never,
            "content_filtered",
        ),
        // A parameter is to blame, not the model.
        (
            400,
            r#"{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model."}}"#,
            Request,
            Never,
            "unknown",
        ),
        (
            400,
            r#"{"error":{"message":"This model does not support image input"}}"#,
            Request,
            Never,
            "unknown",
        ),
        (
            400,
            r#"{"error":{"message":"model: Field required","param":"model"}}"#,
            Request,
            Never,
            "unknown",
        ),
        (
            404,
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-foo-1"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (
            404,
            r#"{"error":{"message":"The model `gpt-x` does not exist or you do not have access to it.","code":"model_not_found"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (
            404,
            r#"{"error":{"message":"not here","param":"model"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (
            404,
            r#"{"error":{"code":404,"message":"models/gemini-x is not found for API version v1beta","status":"NOT_FOUND"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (
            400,
            r#"{"error":{"message":"The requested model is not supported.","code":"model_not_supported"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (400, r#"{"detail":"Model 'gpt-x' is not supported"}"#, Model, Never, "model_unavailable"),
        (
            400,
            r#"{"error":{"message":"gpt-x is not a valid model ID"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (
            403,
            r#"{"error":{"message":"Project has no access","code":"model_not_found"}}"#,
            Model,
            Never,
            "model_unavailable",
        ),
        (
            401,
            r#"{"detail":"organization has no api key"}"#,
            Credential,
            AfterRefresh,
            "authentication",
        ),
        (
            402,
            r#"{"detail":"Ready to get started? Subscribe"}"#,
            Quota,
            OtherAccount,
            "quota_exceeded",
        ),
        (
            403,
            r#"{"error":{"type":"permission_error","message":"no"}}"#,
            Credential,
            OtherAccount,
            "authorization",
        ),
        (
            429,
            r#"{"error":{"type":"rate_limit_error","message":"slow down"}}"#,
            Rate,
            OtherAccount,
            "rate_limit",
        ),
        (
            429,
            r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#,
            Quota,
            OtherAccount,
            "quota_exceeded",
        ),
        // Gemini uses the words of a quota for a rate.
        (
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}"#,
            Rate,
            OtherAccount,
            "rate_limit",
        ),
        (500, "", Transient, OtherAccount, "server_error"),
        (
            502,
            "<html><title>502 Bad Gateway</title></html>",
            Transient,
            OtherAccount,
            "server_error",
        ),
        (503, "", Transient, OtherAccount, "server_error"),
        (504, "", Transient, OtherAccount, "server_error"),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Transient,
            OtherAccount,
            "server_error",
        ),
        // No error status, but somebody saw a failure.
        (302, "", Transient, OtherAccount, "server_error"),
        (0, "", Transient, OtherAccount, "server_error"),
    ];
    for (status, body, class, retry, host) in rows {
        let fault = of(status, body);
        assert_eq!((fault.class, fault.retry), (class, retry), "{status} {body}");
        assert_eq!(fault.host_error_type(), host, "{status} {body}");
        assert_eq!((fault.source, fault.status), (Source::Upstream, Some(status)));
        assert!(!fault.message.is_empty());
    }
}

#[test]
fn what_never_was_an_answer() {
    for kind in [
        TransportKind::Connect,
        TransportKind::Tls,
        TransportKind::Timeout,
        TransportKind::Reset,
        TransportKind::Dns,
        TransportKind::Proxy,
    ] {
        let fault = Fault::transport(kind, "error sending to http://user:pw@proxy:1");
        assert_eq!((fault.source, fault.class), (Source::Transport, Class::Transient));
        assert_eq!((fault.retry, fault.status), (Retry::OtherAccount, None));
        assert_eq!(fault.code.as_deref(), Some(kind.as_str()));
        assert_eq!(fault.host_error_type(), "network_error");
        assert_eq!(fault.message, "error sending to http://****@proxy:1");
    }
    let cut = Fault::truncated();
    assert_eq!(
        (cut.source, cut.class, cut.retry),
        (Source::Transport, Class::Truncated, Retry::Never)
    );
    assert_eq!(cut.host_error_type(), "network_error");
    let left = Fault::client_closed();
    assert_eq!(
        (left.source, left.class, left.retry),
        (Source::Client, Class::ClientClosed, Retry::Never)
    );
    assert_eq!(left.host_error_type(), "unknown");
}

#[test]
fn the_host_s_words_come_back_as_they_went() {
    let nine = [
        ("authentication", Class::Credential),
        ("authorization", Class::Credential),
        ("rate_limit", Class::Rate),
        ("quota_exceeded", Class::Quota),
        ("model_unavailable", Class::Model),
        ("content_filtered", Class::Request),
        ("server_error", Class::Transient),
        ("network_error", Class::Transient),
        ("unknown", Class::Request),
    ];
    for (name, class) in nine {
        let fault = Fault::from_host(name, "Bearer abc", None, Some(7.5));
        assert_eq!(fault.class, class);
        assert_eq!(fault.retry_after_ms, Some(7500));
        assert_eq!(fault.message, "Bearer ****");
        if name != "content_filtered" {
            assert_eq!(fault.host_error_type(), name);
        }
    }
    assert_eq!(Fault::from_host("RATE_LIMIT", "", None, None).class, Class::Rate);
    assert_eq!(Fault::from_host("overloaded_error", "", None, None).class, Class::Transient);
    assert_eq!(Fault::from_host("truncated", "", None, None).class, Class::Truncated);
}

#[test]
fn a_type_nobody_knows_leaves_it_to_the_status_and_then_harms_nobody() {
    assert_eq!(Fault::from_host("upstream_error", "", Some(429), None).class, Class::Rate);
    assert_eq!(Fault::from_host("unknown", "", Some(401), None).class, Class::Credential);
    assert_eq!(Fault::from_host("unknown", "", None, Some(f64::NAN)).retry_after_ms, None);
    assert_eq!(Fault::from_host("", "", None, Some(-1.0)).retry_after_ms, Some(0));
    assert_eq!(Fault::from_host("", "", None, None).class, Class::Request);
}
