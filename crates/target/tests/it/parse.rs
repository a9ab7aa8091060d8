//! SQL of users is what the server's parser says it is, and nothing hides in it.

use anyhow::Result;

use crate::fixture::Fixture;

#[tokio::test]
async fn one_expression_over_a_row_is_accepted() -> Result<()> {
    let fixture = Fixture::new().await?;
    for text in [
        "id",
        "`a b`",
        "toYYYYMM(ts)",
        "(id, ts)",
        "a.b",
        "id + 1",
        "-id",
        "cityHash64(id) % 16",
        "toStartOfHour(ts) -- by the hour",
        "if(id > 0 AND note = 'x)', 1, 0)",
        "arrayMap(x -> x + 1, list)",
        "CAST(id AS String)",
        "id::String",
        "tuple(id, [1, 2])",
        "map['k']",
        "intDiv(id, 10) /* tens */",
    ] {
        assert_eq!(fixture.target.check_expression(text).await?, None, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_more_than_an_expression_is_refused() -> Result<()> {
    let fixture = Fixture::new().await?;
    let long = format!("'{}'", "a".repeat(16 << 10));
    for text in [
        "",
        " ",
        "id, ts",
        "DISTINCT id",
        "(id, ts) AS a",
        "id FROM system.one --",
        "id AS penstock_expression FROM system.one",
        "id) AS a, (ts",
        "id) AS penstock_expression, (ts",
        "id) AS penstock_expression --",
        "id) AS penstock_expression FROM system.tables --",
        "id) FROM system.tables --",
        "id) FROM system.tables WHERE (1",
        "id) UNION ALL SELECT (1",
        "id) SETTINGS max_threads = 1 UNION ALL SELECT (1",
        "id) INTO OUTFILE '/tmp/x' FORMAT TSV --",
        "id); DROP TABLE t; SELECT (1",
        "1; SELECT 2",
        "(SELECT 1)",
        "id IN (SELECT id FROM t)",
        "id IN (SELECT * FROM url('http://127.0.0.1/x', CSV, 'a Int64'))",
        "EXISTS (SELECT 1)",
        "*",
        "t.*",
        "COLUMNS('.*')",
        "id AS other",
        "sum(id) OVER (PARTITION BY ts)",
        "{x:Int64}",
        "now()",
        "rand()",
        "generateUUIDv4()",
        "file('/etc/passwd')",
        "dictGet('d', 'a', id)",
        "joinGet('j', 'a', id)",
        "hostName()",
        "getSetting('max_threads')",
        "id /*",
        "'unclosed",
        "id -- \n) FROM system.one --",
        "id # x\n), (2",
        "id))",
        "((id",
        // Fine for the parser, and seen by one check each.
        "'a;b'",
        "id + (ts AS other)",
        "tuple(*)",
        "tuple(t.*)",
        "tuple(COLUMNS('.*'))",
        long.as_str(),
    ] {
        let found = fixture.target.check_expression(text).await?;
        assert!(found.is_some(), "{text:?} was accepted");
    }
    Ok(())
}

#[tokio::test]
async fn one_select_from_input_is_accepted_and_nothing_else() -> Result<()> {
    let fixture = Fixture::new().await?;
    for text in [
        "SELECT * FROM input",
        "SELECT *, cityHash64(sku) AS h FROM input",
        "SELECT id, upper(note) AS note FROM input WHERE id > 0",
        "SELECT id FROM input -- all",
    ] {
        assert_eq!(fixture.target.check_select(text).await?, None, "{text}");
    }
    for text in [
        "",
        "SELECT 1",
        "SELECT * FROM t",
        "SELECT * FROM other.input",
        "SELECT * FROM input, system.tables",
        "SELECT * FROM input, numbers(3)",
        "SELECT * FROM input, url('http://127.0.0.1/', CSV, 'a Int64')",
        "SELECT ';' FROM input",
        "SELECT * FROM input JOIN t ON input.id = t.id",
        "SELECT * FROM input UNION ALL SELECT * FROM input",
        "SELECT * FROM url('http://127.0.0.1/', CSV, 'a Int64')",
        "SELECT * FROM file('/etc/passwd', LineAsString)",
        "SELECT * FROM input('a Int64')",
        "SELECT * FROM (SELECT * FROM input)",
        "SELECT (SELECT 1) FROM input",
        "SELECT * FROM input WHERE id IN (SELECT 1)",
        "WITH (SELECT 1) AS x SELECT x FROM input",
        "SELECT * FROM input SETTINGS max_threads = 1",
        "SELECT * FROM input FORMAT Null",
        "SELECT * FROM input INTO OUTFILE '/tmp/x'",
        "SELECT * FROM input; DROP TABLE t",
        "INSERT INTO t SELECT * FROM input",
        "DROP TABLE t",
        "SELECT now() FROM input",
        "SELECT * FROM input FINAL",
        "SELECT * FROM input SAMPLE 0.1",
    ] {
        let found = fixture.target.check_select(text).await?;
        assert!(found.is_some(), "{text:?} was accepted");
    }
    Ok(())
}
