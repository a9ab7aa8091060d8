use opentelemetry::trace::{SpanId, TraceFlags, TraceId};

use super::remote;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_traceparent_is_read() {
    let found = remote(PARENT.as_bytes()).unwrap();
    assert_eq!(found.trace_id(), TraceId::from_hex("0af7651916cd43dd8448eb211c80319c").unwrap());
    assert_eq!(found.span_id(), SpanId::from_hex("b7ad6b7169203331").unwrap());
    assert_eq!(found.trace_flags(), TraceFlags::SAMPLED);
    assert!(found.is_remote());

    let not_sampled = PARENT.replace("-01", "-00");
    assert!(!remote(not_sampled.as_bytes()).unwrap().is_sampled());
    let later_version = PARENT.replace("00-0a", "01-0a") + "-more";
    assert!(remote(later_version.as_bytes()).is_some());
}

#[test]
fn what_is_no_traceparent_is_none() {
    let bad = [
        String::new(),
        "x".repeat(10_000),
        PARENT.to_uppercase(),
        PARENT.replace("00-0a", "ff-0a"),
        PARENT.replace("-01", "-0g"),
        PARENT.replace("-01", ""),
        PARENT.replace("-01", "-01-more"),
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
        PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
        PARENT.replace("b7ad6b7169203331", "+7ad6b7169203331"),
    ];
    for text in bad {
        assert!(remote(text.as_bytes()).is_none(), "{text}");
    }
    assert!(remote(&[0xff, 0xfe]).is_none());
}
