use rdkafka::admin::{ConfigEntry, ConfigSource, OwnedResourceSpecifier};

use super::*;

#[test]
fn every_need_has_its_command() {
    let text = "name: a\nsource: {topics: [t, u]}\ntarget: {database: d, table: t}\n";
    let spec = Pipeline::from_yaml(text).unwrap();
    let commands: Vec<String> =
        needs(&spec, "ns").iter().map(|need| need.command("h:9092")).collect();
    let begin = "kafka-acls.sh --bootstrap-server h:9092 --add --allow-principal 'User:<sink>'";
    let wanted = [
        "--operation Read --operation DescribeConfigs --topic 't'",
        "--operation Read --operation DescribeConfigs --topic 'u'",
        "--operation Read --group 'ns.a'",
        "--operation Write --operation Create --operation DescribeConfigs \
         --topic 'ns.dead-letters.a'",
        "--operation Read --operation Create --topic 'ns.replay.a'",
        "--operation Read --operation DescribeConfigs --topic 'ns.pipelines'",
        "--operation Read --operation Write --operation DescribeConfigs --topic 'ns.status'",
    ];
    assert_eq!(commands, wanted.map(|rest| format!("{begin} {rest}")));
}

#[test]
fn brokers_without_an_authorizer_need_no_rights() {
    let settings = |value: Option<&str>| ConfigResource {
        specifier: OwnedResourceSpecifier::Broker(1),
        entries: vec![ConfigEntry {
            name: "authorizer.class.name".to_owned(),
            value: value.map(str::to_owned),
            source: ConfigSource::Default,
            is_read_only: true,
            is_default: true,
            is_sensitive: false,
        }],
    };
    assert_eq!(authorizer(&settings(Some(""))), Some(false));
    assert_eq!(authorizer(&settings(Some("org.example.Authorizer"))), Some(true));
    let silent = ConfigResource { entries: Vec::new(), ..settings(None) };
    assert_eq!(authorizer(&silent), None);
}
