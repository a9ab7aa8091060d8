//! Started again on the same data, a stack has what it had; nobody else can reach or read it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use local_stack::{Part, Stack, StackFile, progress};
use secrecy::ExposeSecret as _;
use testkit::{ClickHouse, Kafka, Record, Registry, User};

use crate::fixture::{folder, processes_in, settings};

const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": []}"#;

fn admin(stack: &Stack) -> ClickHouse {
    let account = &stack.credentials().admin;
    let user = User { name: account.user.to_owned(), password: account.password.clone() };
    ClickHouse::new(stack.addresses().clickhouse_http.as_ref().unwrap(), &user)
}

#[tokio::test]
async fn data_passwords_and_accounts_survive_a_stop() {
    let data = folder();
    let stack = Stack::start(settings(data.path(), &Part::ALL), progress::quiet()).await.unwrap();
    let kafka = Kafka::new(stack.addresses().kafka.as_ref().unwrap());
    kafka.create_topic("kept", 1, &[]).await.unwrap();
    kafka.produce("kept", [Record::of("value")]).await.unwrap();
    let registry = Registry::new(stack.addresses().registry.as_ref().unwrap());
    let id = registry.register("kept", SCHEMA).await.unwrap();
    let clickhouse = admin(&stack);
    clickhouse.query("CREATE DATABASE shop").await.unwrap();
    clickhouse
        .query("CREATE TABLE shop.kept ENGINE = MergeTree ORDER BY () AS SELECT 7 AS a")
        .await
        .unwrap();
    nobody_is_default(&clickhouse).await;
    only_this_machine(data.path());
    only_the_owner_reads(data.path());
    StackFile::of(&stack).write(data.path()).unwrap();
    let mode = fs::metadata(StackFile::path(data.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let password = stack.credentials().sink.password.clone();
    let text = fs::read_to_string(StackFile::path(data.path())).unwrap();
    assert!(!text.contains(password.expose_secret()));
    StackFile::remove(data.path()).unwrap();
    stack.stop().await.unwrap();
    assert_eq!(processes_in(data.path()), Vec::<String>::new());

    // Elsewhere, because the ports may be taken by then.
    let mut moved = settings(data.path(), &Part::ALL);
    moved.first_ports.kafka += 40;
    moved.first_ports.registry += 40;
    moved.first_ports.clickhouse_http += 40;
    let stack = Stack::start(moved, progress::quiet()).await.unwrap();
    let kafka = Kafka::new(stack.addresses().kafka.as_ref().unwrap());
    let read = kafka.read_all("kept").await.unwrap();
    assert_eq!(read[0].value.as_deref(), Some(&b"value"[..]));
    let registry = Registry::new(stack.addresses().registry.as_ref().unwrap());
    assert_eq!(registry.register("kept", SCHEMA).await.unwrap(), id);
    assert_eq!(admin(&stack).query("SELECT a FROM shop.kept").await.unwrap(), "7");
    assert_eq!(
        stack.credentials().sink.password.expose_secret(),
        password.expose_secret(),
        "a new password on a second start"
    );
    stack.stop().await.unwrap();
}

/// The account that the engine needs for itself lets nobody in.
async fn nobody_is_default(clickhouse: &ClickHouse) {
    let user = User { name: "default".to_owned(), password: String::new().into() };
    let default = clickhouse.as_user(&user);
    for sql in ["SELECT 1", "SHOW GRANTS", "SYSTEM STOP LISTEN HTTP", "KILL QUERY WHERE 1"] {
        let error = default.query(sql).await.expect_err(sql);
        assert!(format!("{error:#}").contains("USER_SESSION_LIMIT_EXCEEDED"), "{error:#}");
    }
    // The password is checked, too.
    let user = User { name: "admin".to_owned(), password: String::new().into() };
    clickhouse.as_user(&user).query("SELECT 1").await.expect_err("admin without its password");
}

/// Every listening socket of every process of the stack is bound to this machine.
fn only_this_machine(data: &Path) {
    let name = data.canonicalize().unwrap();
    let mut sockets = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // The registry knows its folder from its environment only.
        let names = |file| {
            let text = fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(name.to_str().unwrap())
        };
        if !names("cmdline") && !names("environ") {
            continue;
        }
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else { continue };
        let targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        sockets.extend(targets.map(|target| target.to_string_lossy().into_owned()));
    }
    // 127.0.0.1, ::1 and ::ffff:127.0.0.1 as the kernel writes them.
    let local =
        ["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"];
    let mut listening = 0;
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let socket = format!("socket:[{}]", fields[9]);
            if fields[3] == "0A" && sockets.contains(&socket) {
                let (address, _port) = fields[1].split_once(':').unwrap();
                assert!(local.contains(&address), "listens on {}", fields[1]);
                listening += 1;
            }
        }
    }
    // Kafka and its controller, the registry and its management, ClickHouse twice.
    assert!(listening >= 6, "only {listening} listening sockets found");
}

fn only_the_owner_reads(data: &Path) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.join("secrets")), 0o700);
    for user in ["sink", "schema", "reader", "admin"] {
        assert_eq!(mode(&data.join("secrets").join(user)), 0o600, "{user}");
    }
    assert_eq!(mode(&data.join("conf/users.xml")), 0o600);
}
