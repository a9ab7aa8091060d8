//! Promise: what cannot work is said in one clear sentence, and leaves nothing running.

use std::{fs, net::TcpListener};

use crate::fixture::{Home, processes_of};

/// Runs with `config` as its file; returns exit code and the last line of standard error.
async fn refused(home: &Home, config: &str, path: Option<&str>) -> anyhow::Result<(i32, String)> {
    let file = home.dir.path().join("penstock.toml");
    fs::write(&file, config)?;
    let mut command = home.command(&["--events", "1", "--config", &file.display().to_string()]);
    if let Some(path) = path {
        // No tools and nothing fetched yet.
        command.env("PATH", path).env("XDG_CACHE_HOME", home.dir.path().join("cache"));
    }
    let output = command.output().await?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.starts_with("penstock: ")).unwrap_or(&text);
    assert!(processes_of(&home.data_dir()).is_empty(), "something is left running");
    Ok((output.status.code().unwrap_or(-1), line.to_owned()))
}

#[tokio::test]
async fn bad_settings_name_the_key_and_exit_with_78() -> anyhow::Result<()> {
    let home = Home::new()?;
    let (code, text) = refused(&home, "[ports]\nkafak = 1\n", None).await?;
    assert_eq!(code, 78, "{text}");
    assert!(text.contains("kafak") && text.contains("penstock.toml"), "{text}");
    let (code, text) = refused(&home, "[workload]\npartitions = 0\n", None).await?;
    assert_eq!(code, 78, "{text}");
    assert!(text.contains("partitions"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_busy_port_names_its_key() -> anyhow::Result<()> {
    let home = Home::new()?;
    let taken = TcpListener::bind(("127.0.0.1", 0))?;
    let port = taken.local_addr()?.port();
    let (code, text) = refused(&home, &format!("[ports]\nkafka = {port}\n"), None).await?;
    assert!(code == 1 || code == 78, "{code}: {text}");
    assert!(text.contains("ports.kafka") && text.contains(&port.to_string()), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_missing_tool_is_named_with_another_way() -> anyhow::Result<()> {
    let home = Home::new()?;
    let (code, text) = refused(&home, "", Some("/nonexistent")).await?;
    assert_eq!(code, 1, "{text}");
    let named = ["mvn", "npm", "JDK", "java"].iter().any(|tool| text.contains(tool));
    assert!(named && text.contains("docker compose up"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_data_folder_in_use_is_not_touched() -> anyhow::Result<()> {
    let home = Home::new()?;
    fs::create_dir_all(home.data_dir().join("kafka"))?;
    fs::write(home.data_dir().join("kafka").join("precious"), "data")?;
    let lock = fs::File::create(home.data_dir().join("lock"))?;
    lock.lock()?;
    for options in [&["--events", "1"][..], &["--events", "1", "--reset"]] {
        let output = home.command(options).output().await?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("in use by another instance"), "{text}");
    }
    assert!(home.data_dir().join("kafka").join("precious").exists());
    Ok(())
}
