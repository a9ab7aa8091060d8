use super::*;

const NONE: [&str; 0] = [];

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
fn labels_say_what_it_is() {
    let good = json!({
        "org.opencontainers.image.title": "sink",
        "org.opencontainers.image.description": "Moves",
        "org.opencontainers.image.version": "0.1.0",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
        "org.opencontainers.image.source": "https://example.com/a",
    });
    assert_eq!(labels(&good, "sink", "0.1.0"), NONE);
    for key in ["title", "description", "version", "licenses", "revision", "source"] {
        let mut bad = good.clone();
        bad[format!("org.opencontainers.image.{key}")] = json!("");
        let found = labels(&bad, "sink", "0.1.0");
        assert!(found.len() == 1 && found[0].starts_with(&format!("label {key} is")), "{found:?}");
    }
    assert_eq!(labels(&Value::Null, "sink", "0.1.0").len(), 6);
}

#[test]
fn settings_are_those_of_a_service() {
    let good = json!({
        "User": "65532:65532",
        "Entrypoint": ["/usr/local/bin/sink"],
        "Healthcheck": {"Test": ["CMD", "/usr/local/bin/sink", "healthcheck"]},
        "Env": ["PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
    });
    assert_eq!(service_settings(&good, "sink"), NONE);
    for (key, value) in [
        ("User", json!("0:0")),
        ("User", json!("nonroot")),
        ("Entrypoint", json!(["/bin/sh", "-c", "sink"])),
        ("Healthcheck", json!({"Test": ["CMD-SHELL", "sink healthcheck"]})),
        ("Healthcheck", Value::Null),
        ("Volumes", json!({"/data": {}})),
        ("Env", json!(["SINK_TOKEN=abc"])),
    ] {
        let mut bad = good.clone();
        bad[key] = value;
        assert_eq!(service_settings(&bad, "sink").len(), 1, "{bad}");
    }
}

#[test]
fn files_are_read_from_a_list() {
    let files = lines(
        "drwxr-xr-x 0/0               0 2026-01-01 00:00 usr/bin/\n\
         -rwsr-xr-x 0/0           72000 2026-01-01 00:00 usr/bin/su\n\
         -rwxr-sr-x 0/42          72000 2026-01-01 00:00 usr/bin/chage\n\
         lrwxrwxrwx 0/0               0 2026-01-01 00:00 bin/sh -> dash\n\
         -rwxr-xr-x 0/0          125000 2026-01-01 00:00 usr/bin/dash\n\
         -rw-r--r-- 0/0              12 2026-01-01 00:00 usr/lib/sh\n\
         drwxrwsrwt 0/0               0 2026-01-01 00:00 var/tmp/\n",
    );
    assert_eq!(
        setuid(&files),
        ["usr/bin/su is setuid or setgid", "usr/bin/chage is setuid or setgid"]
    );
    assert_eq!(handy(&files), ["bin/sh is in it", "usr/bin/dash is in it"]);
}

#[test]
fn our_program_is_all_that_we_add() {
    let good = lines(
        "drwxr-xr-x 0/0 0 2026-01-01 00:00 usr/local/bin/\n\
         -r-xr-xr-x 0/0 9000000 2026-01-01 00:00 usr/local/bin/sink\n",
    );
    assert_eq!(programs(&good, "sink"), NONE);
    assert_eq!(programs(&good, "producer").len(), 1);
    assert_eq!(programs(&[], "sink").len(), 1);
    for bad in [
        "-rwxr-xr-x 0/0 9 2026-01-01 00:00 usr/local/bin/sink",
        "-r-xr-xr-x 65532/65532 9 2026-01-01 00:00 usr/local/bin/sink",
    ] {
        assert_eq!(programs(&lines(bad), "sink").len(), 1, "{bad}");
    }
    let more = [good, lines("-r--r--r-- 0/0 9 2026-01-01 00:00 usr/local/lib/x.so")].concat();
    assert_eq!(programs(&more, "sink").len(), 1);
}

#[test]
fn plugins_are_those_that_were_asked_for() {
    let ours = "-rw-r--r-- 0/0 9 2026-01-01 00:00 kafka/connect/apicurio-converter/a.jar\n\
                -rw-r--r-- 0/0 9 2026-01-01 00:00 kafka/connect/connect-file/b.jar";
    let vendors = "-rw-r--r-- 0/0 9 2026-01-01 00:00 kafka/connect/clickhouse/c.jar";
    let all = format!("{ours}\n{vendors}");
    assert_eq!(plugins(&lines(ours), false), NONE);
    assert_eq!(plugins(&lines(&all), true), NONE);
    assert_eq!(plugins(&lines(&all), false), ["plugin clickhouse is in it"]);
    assert_eq!(plugins(&lines(ours), true), ["plugin clickhouse is missing in it"]);
    let folder = "drwxr-xr-x 0/0 0 2026-01-01 00:00 kafka/connect/connect-file/";
    assert_eq!(plugins(&lines(folder), false).len(), 2);
}
