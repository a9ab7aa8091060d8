use serde_json::json;

use super::*;

const NONE: [&str; 0] = [];

/// A service as it should be.
fn good() -> Value {
    json!({
        "image": "registry.example:5000/a/b:1.2@sha256:0123",
        "user": "65532:65532",
        "read_only": true,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": "67108864",
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
        "ports": [{"host_ip": "127.0.0.1", "target": 80, "published": "80"}],
        "environment": {
            "SINK_CLICKHOUSE_PASSWORD_FILE": "/run/secrets/penstock/sink",
            "KAFKA_LISTENER_NAME_X_SASL_JAAS_CONFIG":
                "org.x required username=\"a\" password=\"$${file:/run/secrets/kafka:a}\";",
            "SINK__REGISTRY__URL": "http://registry:8080/apis",
            "CLUSTER_ID": "5L6g3nShT-eMCtK--X86sw",
        },
        "command": ["client", "--password", "$$PASSWORD", "--token-file", "/run/secrets/token"],
        "healthcheck": {"test": ["CMD-SHELL", "client --password=\"$$(cat /run/secrets/x)\""]},
    })
}

/// The complaints about a good service in which `key` is `value` instead.
fn with(name: &str, key: &str, value: Value) -> Vec<String> {
    let mut service = good();
    service[key] = value;
    complaints(&json!({"services": {name: service}}))
}

#[test]
fn a_good_service_is_left_alone() {
    assert_eq!(complaints(&json!({"services": {"sink": good()}})), NONE);
    assert_eq!(complaints(&json!({"services": {}})), ["there is no service"]);
    assert_eq!(complaints(&json!({})), ["there is no service"]);
}

#[test]
fn each_rule_bites() {
    let image = |name: &str| format!("sink: image {name} has no fixed tag");
    let cases = [
        ("image", json!("a/b"), image("a/b")),
        ("image", json!("a/b:latest"), image("a/b:latest")),
        ("image", json!("registry:5000/b"), image("registry:5000/b")),
        (
            "image",
            json!(null),
            "sink: image is not given: also what is built has a name".to_owned(),
        ),
        (
            "ports",
            json!([{"target": 80}]),
            "sink: port 80 is published beyond 127.0.0.1".to_owned(),
        ),
        (
            "ports",
            json!([{"target": 81, "host_ip": "0.0.0.0"}]),
            "sink: port 81 is published beyond 127.0.0.1".to_owned(),
        ),
        ("mem_limit", json!(null), "sink: mem_limit is not given".to_owned()),
        ("mem_limit", json!("0"), "sink: mem_limit is not given".to_owned()),
        ("read_only", json!(false), "sink: read_only is not true".to_owned()),
        ("cap_drop", json!(["NET_RAW"]), "sink: cap_drop is not [ALL]".to_owned()),
        ("cap_add", json!(["CHOWN"]), "sink: cap_add gives capabilities back".to_owned()),
        ("user", json!("0:0"), "sink: user is not a number other than 0".to_owned()),
        ("user", json!("root"), "sink: user is not a number other than 0".to_owned()),
        ("user", json!(null), "sink: user is not a number other than 0".to_owned()),
        ("security_opt", json!([]), "sink: security_opt has no no-new-privileges".to_owned()),
        ("privileged", json!(true), "sink: privileged".to_owned()),
        ("network_mode", json!("host"), "sink: network_mode is host".to_owned()),
        ("devices", json!(["/dev/sda"]), "sink: devices are given".to_owned()),
        (
            "volumes",
            json!([{"type": "bind", "source": "/var/run/docker.sock"}]),
            "sink: the engine's socket is mounted".to_owned(),
        ),
    ];
    for (key, value, wanted) in cases {
        assert_eq!(with("sink", key, value.clone()), [wanted], "{key}: {value}");
    }
    for logging in [
        json!(null),
        json!({"driver": "syslog", "options": {"max-size": "1m", "max-file": "1"}}),
        json!({"driver": "json-file", "options": {"max-size": "10m"}}),
    ] {
        assert_eq!(with("sink", "logging", logging).len(), 1);
    }
}

#[test]
fn only_the_maker_of_secrets_may_be_root_and_give_files_away() {
    assert_eq!(with("secrets", "user", json!("0:0")), NONE);
    assert_eq!(with("secrets", "cap_add", json!(["CHOWN"])), NONE);
    assert_eq!(with("secrets", "read_only", json!(false)).len(), 1);
}

#[test]
fn literals_that_look_like_secrets_are_found_where_they_are() {
    let variable = |name: &str| vec![format!("sink: variable {name} looks like a secret")];
    for (name, value) in [
        ("CLICKHOUSE_PASSWORD", "hunter2"),
        ("ADMIN_TOKEN", "abc"),
        ("JAAS", "x required username=\"a\" password=\"hunter2\";"),
        ("SOURCE", "http://user:hunter2@registry/x"),
    ] {
        assert_eq!(with("sink", "environment", json!({name: value})), variable(name), "{value}");
    }
    for value in ["", "$$PASSWORD", "/run/secrets/x", "changeit"] {
        assert!(with("sink", "environment", json!({"A_PASSWORD": value})).is_empty(), "{value}");
    }
    for words in
        [vec!["client", "--password", "hunter2"], vec!["sh -c 'client --password=hunter2'"]]
    {
        let found = with("sink", "command", json!(words));
        assert_eq!(found, ["sink: command seems to hold a secret"], "{words:?}");
    }
    let health = json!({"test": ["CMD", "client", "--password=hunter2"]});
    assert_eq!(with("sink", "healthcheck", health), ["sink: healthcheck seems to hold a secret"]);
}

#[test]
fn files_of_variables_hold_no_secret() {
    let found = |text: &str| variables(text).collect::<Vec<_>>();
    assert_eq!(found("# PASSWORD=x\nPORT=80\nA_TOKEN=\n"), NONE);
    assert_eq!(found("PORT=80\nA_TOKEN=abc\n"), ["A_TOKEN looks like a secret"]);
}
