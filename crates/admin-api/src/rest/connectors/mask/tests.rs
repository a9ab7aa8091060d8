use super::*;

fn shown(key: &str, value: &str) -> String {
    masked(&BTreeMap::from([(key.to_owned(), value.to_owned())]))[key].clone()
}

#[test]
fn secrets_are_masked() {
    for (key, value) in [
        ("database.password", "x"),
        ("DATABASE_PASSWORD", "x"),
        ("sasl.jaas.config", "org...Login required username=\"a\" password=\"b\";"),
        ("aws.secret.access.key", "x"),
        ("basic.auth.user.info", "me:x"),
        ("consumer.override.sasl.oauthbearer.client.secret", "x"),
        ("connection.url", "jdbc:postgresql://h/d?user=a&password=b"),
        ("connection.uri", "mongodb://me:x@host/db"),
        ("database.password", "${file:/a:b} and more"),
        ("database.password", "x${file:/a:b}"),
    ] {
        assert_eq!(shown(key, value), MASK, "{key}={value}");
    }
}

#[test]
fn references_and_the_rest_are_shown() {
    for (key, value) in [
        ("database.password", "${file:/etc/connect/db.properties:password}"),
        ("key.converter", "io.confluent.connect.avro.AvroConverter"),
        ("database.hostname", "db.example.com"),
        ("connection.url", "jdbc:postgresql://host:5432/d"),
        ("topics", "a,b"),
    ] {
        assert_eq!(shown(key, value), value, "{key}");
    }
    assert_eq!(masked_text("cannot connect to host"), "cannot connect to host");
    assert_eq!(masked_text("cannot open jdbc:x://h?password=y"), MASK);
}
